"""What is installed here, as a bill of materials in CycloneDX 1.6.

Written by hand: a component takes six fields, which a test compares with CycloneDX's own schema,
and a library would be one more distribution in each bill. What needs what follows the metadata of
the distributions, with the extras that are not asked for left out.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import distributions
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import Distribution, PackageMetadata

MAIN = "sftsec"
_TROVE = "License :: OSI Approved :: "
_LONGEST = 100  # characters of a name of a licence; some put its whole text there


def build_sbom(
    found: Iterable[Distribution] | None = None, models: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Describe the distributions of this environment; the same ones give the same document.

    Args:
        found: the distributions; default: all that are installed.
        models: models beside them, such as a pretrained encoder: name to hex SHA-256.
    """
    named: dict[str, Distribution] = {}
    for each in distributions() if found is None else found:
        if each.metadata["Name"]:  # a broken folder has none
            named.setdefault(canonicalize_name(each.metadata["Name"]), each)
    purls = {name: _purl(name, each) for name, each in sorted(named.items())}
    parts = {name: _component(purls[name], each) for name, each in sorted(named.items())}
    main = parts.pop(MAIN, {"type": "library", "name": MAIN, "bom-ref": MAIN})
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**main, "type": "application"}, "properties": _platform()},
        "components": [
            *parts.values(),
            *(_model(*each) for each in sorted((models or {}).items())),
        ],
        "dependencies": [
            {"ref": purls[name], "dependsOn": sorted(_needs(each, purls))}
            for name, each in sorted(named.items())
        ],
    }


def licence_of(distribution: Distribution) -> str | None:
    """The licence that a distribution's metadata names: an SPDX expression where it has one.

    Else the classifiers of its licence, joined by " OR ", else the first line of the field
    `License`; None where it names none.
    """
    metadata = distribution.metadata
    if expression := _first(metadata, "License-Expression"):
        return expression
    trove = [
        line.removeprefix(_TROVE)
        for line in metadata.get_all("Classifier", [])
        if line.startswith(_TROVE)
    ]
    if trove:
        return " OR ".join(trove)
    lines = _first(metadata, "License").splitlines()
    return lines[0][:_LONGEST] if lines and lines[0].upper() != "UNKNOWN" else None


def _first(metadata: PackageMetadata, name: str) -> str:
    """A field's value; "" where there is none."""
    return str(next(iter(metadata.get_all(name, [])), "")).strip()


def _component(purl: str, distribution: Distribution) -> dict[str, Any]:
    metadata = distribution.metadata
    told = {
        "type": "library",
        "bom-ref": purl,
        "name": metadata["Name"],
        "version": distribution.version,
        "purl": purl,
    }
    licence = licence_of(distribution)
    if licence is None:
        return told
    is_spdx = bool(_first(metadata, "License-Expression"))
    return {**told, "licenses": [{"expression": licence} if is_spdx else _named(licence)]}


def _model(name: str, sha256: str) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{sha256}",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": sha256}],
    }


def _named(licence: str) -> Mapping[str, Any]:
    return {"license": {"name": licence}}


def _purl(name: str, distribution: Distribution) -> str:
    version = re.sub(
        r"[^A-Za-z0-9.\-_~]", lambda sign: f"%{ord(sign[0]):02X}", distribution.version
    )
    return f"pkg:pypi/{name}@{version}"


def _needs(distribution: Distribution, purls: Mapping[str, str]) -> set[str]:
    """The installed distributions that one needs without extras."""
    found = set()
    for line in distribution.requires or ():
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        name = canonicalize_name(wanted.name)
        if applies and name in purls:
            found.add(purls[name])
    return found


def _platform() -> list[dict[str, str]]:
    python = ".".join(map(str, sys.version_info[:3]))
    return [
        {"name": "python", "value": python},
        {"name": "platform", "value": sys.platform},
    ]

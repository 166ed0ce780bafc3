"""Elastic's integration package, from the sources in `packaging/elastic_integration`.

The sources are what a person edits: YAML and JSON with nested objects, dashboards as short
descriptions. Kibana wants the dashboards written out, and what a saved object holds of JSON inside
JSON as strings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from sftsec_core import __version__
from sftsec_core.packages.archive import zip_of
from sftsec_core.packages.build import WrittenArchive, write_archive
from sftsec_core.packages.dashboards import Dashboard
from sftsec_core.packages.sources import read_folder, source_folder

NAME = "sftsec"
_VERSION = b"@version@"
_TEXT = {".yml", ".json", ".md"}
_DASHBOARDS = PurePosixPath("kibana/dashboard")


@dataclass(frozen=True, slots=True)
class ElasticPackage:
    """A built package.

    Attributes:
        version: of the package, three numbers.
        files: path in the package to content.
    """

    version: str
    files: Mapping[str, bytes]

    @property
    def top(self) -> str:
        """The folder that the zip holds; Kibana compares it with the manifest."""
        return f"{NAME}-{self.version}"

    @property
    def archive(self) -> bytes:
        """The zip; the same bytes each time."""
        return zip_of(self.files, self.top)


def build_package(sources: Path | None = None, version: str = __version__) -> ElasticPackage:
    """Build the package.

    Args:
        sources: default: those of this installation.
        version: sftsec's; what follows its three numbers is left out, since a package below 1.0.0
            may have no more.

    Raises:
        IntegrityError: when this installation lacks the sources.
    """
    number = ".".join(re.findall(r"\d+", version)[:3])
    found = read_folder(sources or source_folder("elastic_integration"))
    files = dict(_built(PurePosixPath(path), found[path], number) for path in found)
    return ElasticPackage(number, files)


def write_package(folder: Path, package: ElasticPackage) -> WrittenArchive:
    """Write the zip into a folder, which is made where it is missing; whole or not at all.

    Raises:
        OSError: when that is not possible.
    """
    file = folder / f"{package.top}.zip"
    return write_archive(file, package.archive, version=package.version, files=len(package.files))


def with_json_strings(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Turn what Kibana keeps as JSON inside JSON (`panelsJSON`, `searchSourceJSON`) into strings.

    The validator takes objects there too, Kibana does not.
    """
    if isinstance(value, list):
        return [with_json_strings(each) for each in value]
    if not isinstance(value, dict):
        return value
    inner = {name: with_json_strings(each) for name, each in value.items()}
    return {
        name: json_text(each) if name.endswith("JSON") and not isinstance(each, str) else each
        for name, each in inner.items()
    }


def json_text(value: Any) -> str:  # noqa: ANN401 - JSON
    """JSON on one line, in the order that it has."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def json_bytes(value: Any) -> bytes:  # noqa: ANN401 - JSON
    """JSON as a file, to be read by a person too."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _built(name: PurePosixPath, content: bytes, version: str) -> tuple[str, bytes]:
    if name.suffix in _TEXT:
        content = content.replace(_VERSION, version.encode())
    if name.parent == _DASHBOARDS:
        described = Dashboard.model_validate(yaml.safe_load(content))
        saved = described.saved_object(NAME, name.stem.removeprefix(f"{NAME}-"))
        return name.with_suffix(".json").as_posix(), json_bytes(with_json_strings(saved))
    if name.parts[0] == "kibana" and name.suffix == ".json":
        content = json_bytes(with_json_strings(json.loads(content)))
    return name.as_posix(), content

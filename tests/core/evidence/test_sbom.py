"""The bill of materials is what CycloneDX's own schema wants, and names what is installed."""

from __future__ import annotations

import json
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from sftsec_core.evidence.sbom import build_sbom, licence_of
from tests.release.sbom import validate


def made(folder: Path, name: str, *fields: str) -> Distribution:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    lines = ("Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *fields)
    (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Distribution.at(info)


class TestSbom:
    def test_of_this_environment_is_valid(self) -> None:
        bill = build_sbom()
        validate(json.dumps(bill))
        found = {each["name"].lower(): each for each in bill["components"]}
        assert found["numpy"]["version"] == distribution("numpy").version
        assert bill["metadata"]["component"]["name"] == "sftsec"
        assert bill == build_sbom()

    def test_says_what_needs_what(self) -> None:
        needs = {
            each["ref"].split("@")[0]: each["dependsOn"] for each in build_sbom()["dependencies"]
        }
        assert any(ref.startswith("pkg:pypi/numpy@") for ref in needs["pkg:pypi/pyarrow"]) or any(
            ref.startswith("pkg:pypi/numpy@") for ref in needs["pkg:pypi/scipy"]
        )
        assert any(ref.startswith("pkg:pypi/click@") for ref in needs["pkg:pypi/sftsec"])

    def test_has_models_by_digest(self) -> None:
        bill = build_sbom([], {"model of triage": "ab" * 32, "pretrained encoder": "cd" * 32})
        validate(json.dumps(bill))
        found = {each["name"]: each for each in bill["components"]}
        assert found["pretrained encoder"]["type"] == "machine-learning-model"
        assert found["model of triage"]["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]

    def test_leaves_out_extras(self, tmp_path: Path) -> None:
        parts = [
            made(tmp_path, "one", "Requires-Dist: two", "Requires-Dist: three; extra == 'x'"),
            made(tmp_path, "two"),
            made(tmp_path, "three", "Requires-Dist: not a requirement"),
        ]
        bill = build_sbom(parts)
        validate(json.dumps(bill))
        needs = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
        assert needs["pkg:pypi/one@1.0"] == ["pkg:pypi/two@1.0"]
        assert needs["pkg:pypi/three@1.0"] == []


class TestLicence:
    @pytest.mark.parametrize(
        ("fields", "licence"),
        [
            (("License-Expression: MIT OR Apache-2.0", "License: x"), "MIT OR Apache-2.0"),
            (("Classifier: License :: OSI Approved :: MIT License",), "MIT License"),
            (("License: BSD-3-Clause\n        and more",), "BSD-3-Clause"),
            (("License: UNKNOWN",), None),
            ((), None),
        ],
    )
    def test_is_read_from_metadata(
        self, tmp_path: Path, fields: tuple[str, ...], licence: str | None
    ) -> None:
        part = made(tmp_path, "one", *fields)
        assert licence_of(part) == licence
        validate(json.dumps(build_sbom([part])))

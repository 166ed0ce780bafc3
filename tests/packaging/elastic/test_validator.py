"""Elastic's own validator has no complaint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sftsec_core.packages.elastic import write_package
from tests.packaging.elastic.parts import package, yaml_of

PIPELINE = "data_stream/detections/elasticsearch/ingest_pipeline"
# What we ship, for the sake of Kibana 8.19; and the newest, whose rules are stricter: it alone
# looks at the tags of processors and at what a pipeline does when one fails.
SHIPPED, STRICT = "3.3.2", "3.6.0"


def unpacked(folder: Path, format_version: str = SHIPPED) -> Path:
    """The package as a folder, as the validator takes it too."""
    top = folder / package().top
    for path, content in package().files.items():
        file = top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    replace(top / "manifest.yml", f"format_version: {SHIPPED}", f"format_version: {format_version}")
    return top


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_the_format_suits_kibana_8_19() -> None:
    assert yaml_of("manifest.yml")["format_version"] == SHIPPED
    assert yaml_of("manifest.yml")["conditions"]["kibana"]["version"] == "^8.19.0 || ^9.0.0"


def test_the_zip_is_valid(tmp_path: Path, validate: Callable[[Path], str]) -> None:
    assert validate(write_package(tmp_path, package()).file) == ""


@pytest.mark.parametrize("format_version", [SHIPPED, STRICT])
def test_the_folder_is_valid(
    format_version: str, tmp_path: Path, validate: Callable[[Path], str]
) -> None:
    assert validate(unpacked(tmp_path, format_version)) == ""


@pytest.mark.parametrize(
    ("path", "right", "wrong", "complaint"),
    [
        ("manifest.yml", "title: sftsec", "titel: sftsec", "titel"),
        (f"{PIPELINE}/default.yml", "tag: script_check", "tag: set_event_ingested", "duplicate"),
        (f"{PIPELINE}/default.yml", "value: pipeline_error", "value: alert", "pipeline_error"),
    ],
)
def test_the_validator_is_awake(
    path: str,
    right: str,
    wrong: str,
    complaint: str,
    tmp_path: Path,
    validate: Callable[[Path], str],
) -> None:
    top = unpacked(tmp_path, STRICT)
    replace(top / path, right, wrong)
    assert complaint in validate(top)

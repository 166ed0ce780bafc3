"""The builder: versions, JSON inside JSON, dashboards; written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from sftsec_core import __version__
from sftsec_core.packages.elastic import build_package, with_json_strings, write_package

DASHBOARD = """
title: A
description: B
queries: {mine: "event.module: sftsec"}
filter: {view: detections, field: event.module, value: sftsec}
panels:
  - title: Count
    at: [0, 0, 8, 8]
    view: detections
    chart: metric
    query: "$mine and not tags: x"
    show: [{op: count, label: All}]
"""


def sources(folder: Path, **files: str) -> Path:
    """A small package's sources."""
    texts = {
        "manifest.yml": 'version: "@version@"\n',
        "changelog.yml": '- version: "@version@"\n',
        "kibana/dashboard/sftsec-a.yml": DASHBOARD,
        **{name.replace("__", "/"): text for name, text in files.items()},
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


class TestBuildPackage:
    def test_gives_the_same_bytes_again(self, tmp_path: Path) -> None:
        digests = {
            write_package(tmp_path / name, build_package()).sha256 for name in ("first", "second")
        }
        assert len(digests) == 1
        (file,) = (tmp_path / "first").iterdir()
        assert hashlib.sha256(file.read_bytes()).hexdigest() in digests

    def test_writes_the_version_everywhere(self, tmp_path: Path) -> None:
        package = build_package()
        assert package.version == __version__
        assert yaml.safe_load(package.files["manifest.yml"])["version"] == __version__
        assert yaml.safe_load(package.files["changelog.yml"])[0]["version"] == __version__
        written = write_package(tmp_path, package)
        assert written.file.name == f"sftsec-{__version__}.zip"
        with zipfile.ZipFile(written.file) as archive:
            tops = {Path(name).parts[0] for name in archive.namelist()}
        assert tops == {f"sftsec-{__version__}"}

    def test_takes_the_numbers_of_a_version(self, tmp_path: Path) -> None:
        """A package below 1.0.0 is a preview by its number, and may not say so again."""
        package = build_package(sources(tmp_path), "0.4.1.dev3+g1234567")
        assert package.version == "0.4.1"
        assert package.files["manifest.yml"] == b'version: "0.4.1"\n'

    def test_writes_inner_json_as_strings(self) -> None:
        given = {"a": [{"panelsJSON": {"1": {"innerJSON": [1]}}}], "optionsJSON": "{}", "JSONs": {}}
        made = with_json_strings(given)
        assert made["a"][0]["panelsJSON"] == '{"1":{"innerJSON":"[1]"}}'
        assert made["optionsJSON"] == "{}"
        assert made["JSONs"] == {}

    def test_writes_a_dashboard_as_saved_object(self, tmp_path: Path) -> None:
        package = build_package(sources(tmp_path))
        assert "kibana/dashboard/sftsec-a.yml" not in package.files
        saved = json.loads(package.files["kibana/dashboard/sftsec-a.json"])
        assert saved["id"] == "sftsec-a"
        (panel,) = json.loads(saved["attributes"]["panelsJSON"])
        query = panel["embeddableConfig"]["attributes"]["state"]["query"]["query"]
        assert query == "(event.module: sftsec) and not tags: x"

    @pytest.mark.parametrize(
        ("right", "wrong", "said"),
        [
            ("chart: metric", "chart: pie", "bar_stacked"),
            ("op: count", "op: average", "median"),
            ("$mine", "$nine", "did you mean 'mine'"),
            ("    view:", "    views:", "views"),
        ],
    )
    def test_names_what_a_description_may_hold(
        self, right: str, wrong: str, said: str, tmp_path: Path
    ) -> None:
        folder = sources(
            tmp_path, **{"kibana__dashboard__sftsec-a.yml": DASHBOARD.replace(right, wrong)}
        )
        with pytest.raises(ValidationError, match=said):
            build_package(folder)


class TestWritePackage:
    def test_leaves_the_old_file_on_failure(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("a file where a folder belongs")
        with pytest.raises(OSError, match="file"):
            write_package(tmp_path / "file", build_package())
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

"""The builder of the package for OpenSearch: the same bytes, the version, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from sftsec_core import __version__
from sftsec_core.packages.opensearch import (
    OBJECTS,
    build_opensearch_package,
    write_opensearch_package,
)


class TestBuildPackage:
    def test_gives_the_same_bytes_again(self, tmp_path: Path) -> None:
        digests = {
            write_opensearch_package(tmp_path / name, build_opensearch_package()).sha256
            for name in ("first", "second")
        }
        assert len(digests) == 1
        (file,) = (tmp_path / "first").iterdir()
        assert hashlib.sha256(file.read_bytes()).hexdigest() in digests

    def test_holds_each_file_once(self, tmp_path: Path) -> None:
        written = write_opensearch_package(tmp_path, build_opensearch_package())
        assert written.file.name == f"sftsec-opensearch-{__version__}.zip"
        top = f"sftsec-opensearch-{__version__}"
        with zipfile.ZipFile(written.file) as archive:
            assert archive.namelist() == [
                f"{top}/{name}"
                for name in (
                    "README.md",
                    "monitor.json",
                    "retention.json",
                    "roles/sftsec.json",
                    "roles/sftsec_analyst.json",
                    OBJECTS,
                )
            ]

    def test_takes_the_numbers_of_a_version(self) -> None:
        package = build_opensearch_package(version="0.4.1.dev3+g1234567")
        assert package.version == "0.4.1"
        assert b"sftsec 0.4.1 for OpenSearch" in package.files["README.md"]

    def test_writes_one_object_a_line(self) -> None:
        lines = build_opensearch_package().files[OBJECTS].splitlines()
        kinds = {json.loads(line)["type"] for line in lines}
        assert kinds == {"index-pattern", "search", "visualization", "dashboard"}


class TestWritePackage:
    def test_leaves_the_old_file_on_failure(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("a file where a folder belongs")
        with pytest.raises(OSError, match="file"):
            write_opensearch_package(tmp_path / "file", build_opensearch_package())
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

"""The archive of the deployment files."""

from __future__ import annotations

import tarfile
from pathlib import Path

from sftsec_core.packages.deployment import PARTS, deployment_files, write_deployment
from sftsec_core.packages.sources import source_folder


class TestDeployment:
    def test_archive_holds_every_file(self, tmp_path: Path) -> None:
        written = write_deployment(tmp_path / "dist")
        with tarfile.open(written.file) as archive:
            names = {each.name for each in archive.getmembers() if each.isfile()}
        assert names == {f"sftsec-deployment/{path}" for path in deployment_files()}
        assert {name.split("/")[1] for name in names} == set(PARTS)
        assert written.files == len(names)

    def test_each_part_begins_with_a_readme(self) -> None:
        assert all((source_folder(part) / "README.md").is_file() for part in PARTS)

    def test_same_bytes_each_time(self, tmp_path: Path) -> None:
        first, second = (write_deployment(tmp_path / name) for name in "ab")
        assert first.sha256 == second.sha256

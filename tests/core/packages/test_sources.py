"""Where the sources are found, and what of them is left out."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sftsec_core.api.errors import IntegrityError
from sftsec_core.packages.elastic import build_package
from sftsec_core.packages.soar import build_soar_app
from sftsec_core.packages.sources import read_folder, source_folder
from sftsec_core.packages.splunk import build_app

BUILD_S = 200
MAIN = "from sftsec_core.cli import main; main()"


class TestSources:
    def test_of_a_checkout_are_its_own(self, root: Path) -> None:
        folder = source_folder("elastic_integration")
        assert folder == root / "packaging" / "elastic_integration"

    def test_missing_ones_are_named(self) -> None:
        with pytest.raises(
            IntegrityError, match="lacks the sources of no_such: install sftsec again"
        ):
            source_folder("no_such")

    def test_leave_out_files_of_editors(self, tmp_path: Path) -> None:
        for name in (
            "manifest.yml",
            "_dev/test.yml",
            ".DS_Store",
            "docs/README.md~",
            "docs/README.md",
        ):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(b"x")
        assert read_folder(tmp_path) == {"docs/README.md": b"x", "manifest.yml": b"x"}

    def test_of_the_wheel_give_the_same_package(self, root: Path, tmp_path: Path) -> None:
        wheel_to = ["-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
        subprocess.run(
            [sys.executable, *wheel_to], cwd=root, check=True, capture_output=True, timeout=BUILD_S
        )
        (wheel,) = (tmp_path / "dist").glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tmp_path / "site")
        command = [
            sys.executable,
            "-c",
            MAIN,
            "package",
            "elastic",
            "--output",
            str(tmp_path / "out"),
        ]
        # The working folder comes first on the path: what is imported is what the wheel has.
        subprocess.run(
            command, cwd=tmp_path / "site", check=True, capture_output=True, timeout=BUILD_S
        )
        (built,) = (tmp_path / "out").iterdir()
        assert built.read_bytes() == build_package().archive


class TestPortableModules:
    @pytest.mark.parametrize(
        ("folder", "files"),
        [("bin/sftsec_app/portable", build_app().files), ("src/portable", build_soar_app().files)],
        ids=["splunk", "soar"],
    )
    def test_are_in_each_app_byte_for_byte(
        self, root: Path, folder: str, files: dict[str, bytes]
    ) -> None:
        shared = sorted((root / "sftsec_core" / "sdk" / "portable").glob("*.py"))
        assert len(shared) > 5
        copied = {path: content for path, content in files.items() if path.startswith(f"{folder}/")}
        assert copied == {f"{folder}/{path.name}": path.read_bytes() for path in shared}
        assert not [path for path in files if path.endswith(".pyi")]

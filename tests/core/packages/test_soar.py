"""The builder of the app for SOAR: its version, what stays out, the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tomllib
from pathlib import Path

import pytest

from sftsec_core import __version__
from sftsec_core.packages.soar import build_soar_app, write_soar_app


class TestBuildSoarApp:
    def test_gives_the_same_bytes_again(self, tmp_path: Path) -> None:
        digests = {
            write_soar_app(tmp_path / name, build_soar_app()).sha256 for name in ("first", "second")
        }
        assert len(digests) == 1
        (file,) = (tmp_path / "first").iterdir()
        assert file.name == f"sftsec-soar-{__version__}.tgz"
        assert hashlib.sha256(file.read_bytes()).hexdigest() in digests

    @pytest.mark.parametrize(
        ("version", "number"), [("1.2.3", "1.2.3"), ("1.2.3.dev4+g1", "1.2.3")]
    )
    def test_has_the_version_of_sftsec(self, version: str, number: str) -> None:
        app = build_soar_app(version=version)
        assert app.version == number
        project = tomllib.loads(app.files["pyproject.toml"].decode())["project"]
        assert project["version"] == number

    def test_packs_one_importable_folder(self) -> None:
        app = build_soar_app()
        with tarfile.open(fileobj=io.BytesIO(app.archive), mode="r:gz") as archive:
            names = archive.getnames()
        assert {name.split("/")[0] for name in names} == {"sftsec_soar"}
        assert "sftsec_soar".isidentifier()
        parts = {part for name in names for part in name.split("/")}
        assert not [part for part in parts if part.startswith(".") or part.endswith((".pyc", "~"))]
        assert not parts & {"__pycache__", "uv.lock", "wheels"}
        assert {f"sftsec_soar/{path}" for path in app.files} <= set(names)

    def test_names_no_package_index(self) -> None:
        """A lock would: it is made where the package is built."""
        project = build_soar_app().files["pyproject.toml"].decode()
        assert "http" not in project.replace("httpx", "").replace("httpcore", "")
        assert "index" not in project


class TestWriteSoarApp:
    def test_writes_a_whole_file_or_none(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match="file"):
            write_soar_app(tmp_path / "file", build_soar_app())
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

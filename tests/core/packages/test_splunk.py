"""The app's builder: versions, icons, what stays out; the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from sftsec_core import __version__
from sftsec_core.packages.splunk import build_app, write_app
from sftsec_core.sdk.portable import UID_EXPRESSION, page_rules


class TestBuildApp:
    def test_gives_the_same_bytes_again(self, tmp_path: Path) -> None:
        digests = {write_app(tmp_path / name, build_app()).sha256 for name in ("first", "second")}
        assert len(digests) == 1
        (file,) = (tmp_path / "first").iterdir()
        assert file.name == f"sftsec-{__version__}.tgz"
        assert hashlib.sha256(file.read_bytes()).hexdigest() in digests

    @pytest.mark.parametrize(
        ("version", "number"), [("1.2.3", "1.2.3"), ("1.2.3.dev4+g1", "1.2.3")]
    )
    def test_writes_the_version_everywhere(self, version: str, number: str) -> None:
        app = build_app(version=version)
        assert app.version == number
        assert json.loads(app.files["app.manifest"])["info"]["id"]["version"] == number
        assert app.files["default/app.conf"].count(f"version = {number}\n".encode()) == 2
        assert not any(b"@version@" in content for content in app.files.values())

    def test_packs_one_folder_without_hidden_files(self) -> None:
        app = build_app()
        with tarfile.open(fileobj=io.BytesIO(app.archive), mode="r:gz") as archive:
            names = archive.getnames()
        assert {name.split("/")[0] for name in names} == {"sftsec"}
        parts = {part for name in names for part in name.split("/")}
        assert not [part for part in parts if part.startswith(".") or part.endswith((".pyc", "~"))]
        assert not parts & {"__pycache__", "local"}
        packages = {name for name in names if name.endswith("/__init__.py")}
        assert packages == {"sftsec/bin/sftsec_app/portable/__init__.py"}
        assert {f"sftsec/{path}" for path in app.files} <= set(names)

    def test_leaves_out_stray_files(self, tmp_path: Path) -> None:
        for name in ("default/app.conf", "bin/__pycache__/x.pyc", ".git", "bin/a.py~"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("@version@")
        app = build_app(tmp_path, "1.0.0")
        found = {path for path in app.files if (tmp_path / path).exists()}
        assert found == {"default/app.conf"}
        assert not [path for path in app.files if path.endswith((".pyc", "~"))]
        assert app.files["default/app.conf"] == b"1.0.0"

    def test_writes_the_page_rules_as_json(self) -> None:
        module = build_app().files["appserver/static/labelling/rules.js"].decode()
        rules = json.loads(module.partition("RULES = ")[2].removesuffix(";\n"))
        assert rules == page_rules()
        assert "disposition" in rules["private"]

    def test_writes_the_uid_expression_into_the_macro(self) -> None:
        macros = build_app().files["default/macros.conf"].decode()
        assert f"[sftsec_uid]\ndefinition = eval incident_uid={UID_EXPRESSION}\n" in macros
        assert "@uid_expression@" not in macros

    def test_unpacks_as_splunk_does(self, tmp_path: Path) -> None:
        top = build_app().unpack(tmp_path)
        assert top == tmp_path / "sftsec"
        assert (top / "static" / "appIcon.png").read_bytes()[:4] == b"\x89PNG"


class TestWriteApp:
    def test_writes_a_whole_file_or_none(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match="file"):
            write_app(tmp_path / "file", build_app())
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

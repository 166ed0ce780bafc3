"""`sftsec package elastic`, `opensearch`, `splunk` and `soar`: what all of them keep."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sftsec_core.cli import cli
from tests.core.cli.invoke import run

NEXT = {
    "elastic": "Upload it as a .zip",
    "opensearch": "Saved objects > Import",
    "splunk": "Install app from file",
    "soar": "soarapps package build",
}
each_package = pytest.mark.parametrize("name", NEXT)


@each_package
def test_writes_archive_and_names_next_step(name: str, tmp_path: Path) -> None:
    done = run("package", name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (file,) = tmp_path.iterdir()
    assert file.name in done.stdout
    assert NEXT[name] in done.stderr


@each_package
def test_json_is_all_that_is_printed(name: str, tmp_path: Path) -> None:
    done = run("package", name, "--output", "new/dist", "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    content = (tmp_path / told["file"]).read_bytes()
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert told["bytes"] == len(content)
    assert Path(told["file"]).parent == Path("new/dist")


@each_package
def test_impossible_folder_is_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("package", name, "--output", "file/dist", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "file/dist" in done.stderr
    assert "--output" in done.stderr


@each_package
def test_needs_no_configuration(name: str, tmp_path: Path) -> None:
    (tmp_path / "sftsec.yaml").write_text("version: [")
    assert run("package", name, cwd=tmp_path).returncode == 0


@each_package
def test_help_has_examples(name: str) -> None:
    shown = CliRunner().invoke(cli, ["package", name, "--help"]).output
    assert f"sftsec package {name} --output" in shown

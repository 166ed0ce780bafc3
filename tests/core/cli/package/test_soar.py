"""`sftsec package soar`."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from sftsec_core.cli import cli
from sftsec_core.packages.soar import build_soar_app

MAIN = "from sftsec_core.cli import main; main()"


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", MAIN, "package", "soar", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_it_writes_the_project_here_and_says_what_comes_next(tmp_path: Path) -> None:
    done = run(cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (file,) = tmp_path.iterdir()
    assert file.name in done.stdout
    assert "soarapps package build" in done.stderr


def test_json_holds_what_a_pipeline_needs_and_nothing_else_is_printed(tmp_path: Path) -> None:
    done = run("--output", "new/dist", "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    content = (tmp_path / told["file"]).read_bytes()
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert told["bytes"] == len(content)
    assert Path(told["file"]).parent == Path("new/dist")


def test_a_folder_that_cannot_be_made_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("--output", "file/dist", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "file/dist" in done.stderr
    assert "--output" in done.stderr


def test_its_help_and_its_readme_show_the_same_steps() -> None:
    """And the SDK in them is the one that the app is built on."""
    help_ = CliRunner().invoke(cli, ["package", "soar", "--help"]).output
    files = build_soar_app().files
    step = "uvx --python 3.13 --from splunk-soar-sdk==7.0.3 soarapps package build"
    for text in (help_, files["README.md"].decode()):
        assert step in text
        assert "uv lock" in text
    assert 'dependencies = ["splunk-soar-sdk==7.0.3"]' in files["pyproject.toml"].decode()

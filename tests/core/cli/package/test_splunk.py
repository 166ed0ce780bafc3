"""`sftsec package splunk`."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from sftsec_core.cli import cli

MAIN = "from sftsec_core.cli import main; main()"


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", MAIN, "package", "splunk", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_it_writes_the_archive_here_and_says_where(tmp_path: Path) -> None:
    done = run(cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (file,) = tmp_path.iterdir()
    assert file.name in done.stdout
    assert "Install app from file" in done.stderr


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


def test_it_needs_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "sftsec.yaml").write_text("version: [")
    assert run(cwd=tmp_path).returncode == 0


def test_its_help_has_examples() -> None:
    assert (
        "sftsec package splunk --output"
        in CliRunner().invoke(cli, ["package", "splunk", "--help"]).output
    )

"""The root command: help, errors, exit codes, completion."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sftsec_core.cli import COMMANDS, cli


def run(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "from sftsec_core.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *args], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_help_lists_every_command_with_a_line() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    for name in COMMANDS:
        assert any(
            line.split()[:1] == [name] and len(line.split()) > 2
            for line in result.output.splitlines()
        ), name


def test_help_documents_the_exit_codes() -> None:
    assert "8 rejected by the gate" in CliRunner().invoke(cli, ["--help"]).output


def test_every_verb_has_help_with_examples() -> None:
    def walk(command: click.Command, path: list[str]) -> None:
        if isinstance(command, click.Group):
            for name in command.list_commands(click.Context(command)):
                child = command.get_command(click.Context(command), name)
                assert child is not None
                walk(child, [*path, name])
            return
        result = CliRunner().invoke(cli, [*path, "--help"])
        assert result.exit_code == 0, path
        examples = result.output.partition("\n  Examples:\n")[2].splitlines()
        assert examples, path
        assert examples[0].startswith(f"    sftsec {' '.join(path)}"), "a line each, not wrapped"

    walk(cli, [])


def test_the_readme_names_every_command_and_every_verb() -> None:
    text = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        row = next((line for line in text.splitlines() if f"`sftsec {name}`" in line), "")
        assert row, name
        command = cli.get_command(click.Context(cli), name)
        verbs = (
            command.list_commands(click.Context(command))
            if isinstance(command, click.Group)
            else []
        )
        assert all(verb in row for verb in verbs), (name, verbs)


def test_a_misspelt_command_is_met_with_the_right_one(tmp_path: Path) -> None:
    result = run("retrian", cwd=tmp_path)
    assert result.returncode == 2
    assert "did you mean 'retrain'?" in result.stderr


def test_an_error_is_one_line_and_has_its_exit_code(tmp_path: Path) -> None:
    result = run("config", "check", cwd=tmp_path)
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1
    assert "sftsec init" in result.stderr


def test_debug_shows_the_trace(tmp_path: Path) -> None:
    result = run("--debug", "config", "check", cwd=tmp_path)
    assert "Traceback" in result.stderr
    assert result.returncode == 3


def test_a_broken_configuration_does_not_hide_the_help(tmp_path: Path) -> None:
    (tmp_path / "sftsec.yaml").write_text("version: [")
    assert run("--help", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell: str) -> None:
    result = CliRunner().invoke(cli, ["completion", shell])
    assert "_SFTSEC_COMPLETE" in result.output


def test_completion_completes(tmp_path: Path) -> None:
    code = "from sftsec_core.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={
            "_SFTSEC_COMPLETE": "bash_complete",
            "COMP_WORDS": "sftsec retr",
            "COMP_CWORD": "1",
            "PATH": "",
        },
    )
    assert "retrain" in result.stdout

"""The root command: its help, its errors and their exit codes."""

from __future__ import annotations

from pathlib import Path

import click
from click.testing import CliRunner

from sftsec_core.cli import COMMANDS, cli
from tests.core.cli.invoke import run


class TestHelp:
    def test_lists_every_command_with_a_line(self) -> None:
        result = CliRunner().invoke(cli, ["--help"])
        assert result.exit_code == 0
        for name in COMMANDS:
            assert any(
                line.split()[:1] == [name] and len(line.split()) > 2
                for line in result.output.splitlines()
            ), name

    def test_documents_the_exit_codes(self) -> None:
        assert "8 rejected by the gate" in CliRunner().invoke(cli, ["--help"]).output

    def test_of_every_verb_has_examples(self) -> None:
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
            assert examples[0].startswith(f"    sftsec {' '.join(path)}"), (
                "a line each, not wrapped"
            )

        walk(cli, [])

    def test_readme_names_every_command_and_verb(self) -> None:
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


class TestErrors:
    def test_are_one_line_with_exit_code(self, tmp_path: Path) -> None:
        result = run("config", "check", cwd=tmp_path)
        assert result.returncode == 3
        assert result.stderr.count("\n") == 1
        assert "sftsec init" in result.stderr

    def test_debug_shows_the_trace(self, tmp_path: Path) -> None:
        result = run("--debug", "config", "check", cwd=tmp_path)
        assert "Traceback" in result.stderr
        assert result.returncode == 3

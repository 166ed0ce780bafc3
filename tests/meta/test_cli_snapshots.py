"""What the command line shows is what was looked at when it was written."""

from __future__ import annotations

import click
import pytest

from tests.meta.cli_snapshots import FOLDER, LINES, commands, file_of, snapshots

ALL = commands()
LEAVES = [name for name, command in ALL.items() if not isinstance(command, click.Group)]


@pytest.fixture(scope="module")
def shown() -> dict[str, str]:
    return snapshots()


class TestSnapshot:
    @pytest.mark.parametrize("command", ALL, ids=lambda name: name or "sftsec")
    def test_is_what_the_command_shows(self, command: str, shown: dict[str, str]) -> None:
        file = file_of(command)
        assert file.is_file(), "run: python -m tests.meta.cli_snapshots"
        written = file.read_text(encoding="utf-8")
        assert written == shown[command], "look at it, then: python -m tests.meta.cli_snapshots"

    def test_none_is_of_a_lost_command(self) -> None:
        assert {*FOLDER.glob("*.txt")} - {file_of(command) for command in ALL} == set()


class TestLines:
    @pytest.mark.parametrize("command", LEAVES)
    def test_show_each_command_with_an_error(self, command: str) -> None:
        lines = LINES.get(command, ())
        assert lines, "name a line of it in LINES: its table, and its commonest error"
        assert all(command in line for line in lines)
        assert "[exit " in file_of(command).read_text(encoding="utf-8")

    def test_name_commands_that_are_there(self) -> None:
        assert LINES.keys() - set(LEAVES) == set()


class TestErrors:
    def test_are_one_line_without_a_trace(self) -> None:
        texts = [file.read_text(encoding="utf-8") for file in FOLDER.glob("*.txt")]
        ends = [before.splitlines()[-1] for text in texts for before in text.split("\n[exit ")[:-1]]
        assert len(ends) >= len(LEAVES)
        assert [end for end in ends if not end.startswith(("sftsec: ", "Error: "))] == []
        assert not any("Traceback" in text for text in texts)

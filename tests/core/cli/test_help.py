"""The lists of commands: one whole line for each, on a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from sftsec_core.cli import cli

COLUMNS = 80


def groups(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every group, the root's first."""
    yield path
    context = click.Context(group)
    for name in group.list_commands(context):
        child = group.get_command(context, name)
        if isinstance(child, click.Group):
            yield from groups(child, (*path, name))


def commands(group: click.Group, path: tuple[str, ...]) -> list[str]:
    """The names that a group lists."""
    for name in path:
        child = group.get_command(click.Context(group), name)
        assert isinstance(child, click.Group)
        group = child
    return group.list_commands(click.Context(group))


@pytest.mark.parametrize("path", list(groups(cli)), ids=lambda path: " ".join(path) or "sftsec")
class TestListOfCommands:
    def test_no_line_is_cut_or_wrapped(self, path: tuple[str, ...]) -> None:
        shown = CliRunner().invoke(cli, [*path, "--help"], terminal_width=COLUMNS).output
        listed = shown.partition("Commands:\n")[2].partition("\n\n")[0].rstrip().splitlines()
        assert [line.split()[0] for line in listed] == commands(cli, path)
        assert all(len(line) <= COLUMNS for line in listed)
        assert [line for line in listed if line.endswith("...")] == []
        assert [line for line in listed if len(line.split()) < 3] == []

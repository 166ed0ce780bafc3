"""What names a live thing completes: a walk over every command's arguments and options."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from sftsec_core.cli import cli

# The nouns of what a site has; a new kind of thing is one more word.
LIVE = frozenset(
    {
        *("action", "connector", "gpu", "model", "plugin", "recipe", "run", "schedule"),
        *("snapshot", "step", "task", "token", "voter", "worker"),
    }
)
# An argument called NAME names a thing of its group; these names are new ones.
NEW = {("init", "--name"), ("plugins new", "name"), ("schedule add", "name"), ("token add", "name")}


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that is no group, with the words that call it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from commands(found, (*path, name))


def names_a_thing(parameter: click.Parameter) -> bool:
    """Whether a parameter takes a text, and is called as something that a site has."""
    if not isinstance(parameter.type, click.types.StringParamType):
        return False
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return False
    shown = (*parameter.opts, parameter.metavar or "", parameter.name or "")
    words = {word.lower().removesuffix("s") for each in shown for word in re.findall(r"\w+", each)}
    return bool(words & LIVE) or parameter.opts[0] in {"name", "names", "--name"}


NAMING = [
    (" ".join(path), parameter)
    for path, command in commands(cli)
    for parameter in command.params
    if names_a_thing(parameter)
]


class TestParameter:
    def test_many_of_them_name_things(self) -> None:
        assert len(NAMING) > 35

    @pytest.mark.parametrize(
        ("path", "parameter"), NAMING, ids=lambda v: v if isinstance(v, str) else v.opts[0]
    )
    def test_that_names_a_thing_completes(self, path: str, parameter: click.Parameter) -> None:
        completes = parameter._custom_shell_complete is not None
        assert completes != ((path, parameter.opts[0]) in NEW)

    def test_without_completion_is_told_apart(self) -> None:
        assert names_a_thing(click.Argument(["worker"]))
        assert names_a_thing(click.Option(["--from", "source"], metavar="PATH|connector:NAME"))
        assert not names_a_thing(click.Option(["--run"], is_flag=True))
        assert not names_a_thing(click.Option(["--reason"]))

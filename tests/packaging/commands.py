"""Whether a command line that a deployment file holds is one that sftsec takes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click

from sftsec_core.cli import cli


def refusal(words: Sequence[str]) -> str | None:
    """Why the command line refuses these words after `sftsec`; None where it takes them."""
    command: click.Command = cli
    # With the settings of the root: a command keeps the help option that it is first asked with.
    context = click.Context(cli, info_name="sftsec", **cli.context_settings)
    try:
        left = cli.make_parser(context).parse_args(list(words))[1]
        while isinstance(command, click.Group):
            name, found, left = command.resolve_command(context, list(left))
            assert found is not None
            command = found
            context = click.Context(command, parent=context, info_name=name)
        command.make_context(command.name, list(left), parent=context.parent)
    except click.ClickException as error:
        return error.format_message()
    return None


def words_after(line: str, program: str) -> list[str]:
    """The words of a command line after its program, which must be the one expected."""
    first, *rest = shlex.split(line)
    assert first == program
    return rest

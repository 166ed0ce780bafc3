"""`sftsec quarantine`: records that could not be read or pushed."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "quarantine",
    cls=LazyGroup,
    short_help="List records that could not be read or pushed.",
    lazy={"list": "sftsec_core.cli.quarantine.list"},
)
def command() -> None:
    """List records that could not be read or pushed, with the reason for each."""

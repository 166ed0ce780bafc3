"""`sftsec plugins`: what is installed, what is loaded and what failed."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "plugins",
    cls=LazyGroup,
    short_help="List and check plugins.",
    lazy={
        "list": "sftsec_core.cli.plugins.list",
        "check": "sftsec_core.cli.plugins.check",
        "new": "sftsec_core.cli.plugins.new",
    },
)
def command() -> None:
    """List, check and write plugins."""

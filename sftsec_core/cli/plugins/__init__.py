"""`sftsec plugins`: what is installed, what is loaded and what failed."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "plugins",
    cls=LazyGroup,
    lazy={
        "list": "sftsec_core.cli.plugins.list",
        "check": "sftsec_core.cli.plugins.check",
    },
)
def command() -> None:
    """See which plugins are installed, enabled and working."""

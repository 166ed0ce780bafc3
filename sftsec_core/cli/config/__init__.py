"""`sftsec config`: the configuration file itself."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "config",
    cls=LazyGroup,
    short_help="Check the configuration, or print its JSON Schema.",
    lazy={
        "check": "sftsec_core.cli.config.check",
        "schema": "sftsec_core.cli.config.schema",
    },
)
def command() -> None:
    """Check the configuration, or print its JSON Schema for editors."""

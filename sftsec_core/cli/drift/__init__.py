"""`sftsec drift`: whether what is scored still is like what the live model was made of."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "drift",
    cls=LazyGroup,
    short_help="Check scored events for drift, and show what is watched.",
    lazy={
        "check": "sftsec_core.cli.drift.check",
        "show": "sftsec_core.cli.drift.show",
    },
)
def command() -> None:
    """Check whether scored events still are like the training data, and show it over time."""

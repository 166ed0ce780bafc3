"""`sftsec labels`: the analysts' verdicts and what could not be read."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "labels",
    cls=LazyGroup,
    lazy={
        "list": "sftsec_core.cli.labels.list",
        "stats": "sftsec_core.cli.labels.stats",
        "quarantine": "sftsec_core.cli.labels.quarantine",
    },
)
def command() -> None:
    """Look at the verdicts that were pulled, and at what could not be read."""

"""`sftsec labels`: the analysts' verdicts and what could not be read."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "labels",
    cls=LazyGroup,
    lazy={
        "add": "sftsec_core.cli.labels.add",
        "list": "sftsec_core.cli.labels.list",
        "request": "sftsec_core.cli.labels.request",
        "stats": "sftsec_core.cli.labels.stats",
        "quarantine": "sftsec_core.cli.labels.quarantine",
    },
)
def command() -> None:
    """Look at the verdicts that were pulled, add some, ask for more; see what could not be read."""

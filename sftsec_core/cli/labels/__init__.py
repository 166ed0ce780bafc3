"""`sftsec labels`: the analysts' verdicts."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "labels",
    cls=LazyGroup,
    short_help="List, add, request and review verdicts; functions.",
    lazy={
        "add": "sftsec_core.cli.labels.add",
        "functions": "sftsec_core.cli.labels.functions",
        "list": "sftsec_core.cli.labels.list",
        "request": "sftsec_core.cli.labels.request",
        "review": "sftsec_core.cli.labels.review",
        "stats": "sftsec_core.cli.labels.stats",
    },
)
def command() -> None:
    """List, add, request and review the verdicts of analysts."""

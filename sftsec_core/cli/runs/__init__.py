"""`sftsec runs`: what was run, and how it ended."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "runs",
    cls=LazyGroup,
    short_help="List, show and compare runs.",
    lazy={
        "list": "sftsec_core.cli.runs.list",
        "show": "sftsec_core.cli.runs.show",
        "diff": "sftsec_core.cli.runs.diff",
    },
)
def command() -> None:
    """List, show and compare runs."""

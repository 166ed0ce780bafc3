"""`sftsec run`: what was run or waits, and how it ended."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "run",
    cls=LazyGroup,
    short_help="List, show, compare, queue and cancel runs.",
    lazy={
        "list": "sftsec_core.cli.run.list",
        "show": "sftsec_core.cli.run.show",
        "diff": "sftsec_core.cli.run.diff",
        "logs": "sftsec_core.cli.run.logs",
        "add": "sftsec_core.cli.run.add",
        "cancel": "sftsec_core.cli.run.cancel",
        "retry": "sftsec_core.cli.run.retry",
    },
)
def command() -> None:
    """List, show and compare runs; queue them for a worker, cancel them, run them again."""

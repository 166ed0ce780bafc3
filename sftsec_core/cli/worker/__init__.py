"""`sftsec worker`: processes that carry out the runs of the queue."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "worker",
    cls=LazyGroup,
    short_help="Carry out queued runs; list and drain workers.",
    lazy={
        "run": "sftsec_core.cli.worker.run",
        "list": "sftsec_core.cli.worker.list",
        "drain": "sftsec_core.cli.worker.drain",
    },
)
def command() -> None:
    """Carry out the runs of the queue; list the workers, and have them end."""

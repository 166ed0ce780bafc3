"""`sftsec gpu`: the GPUs of this machine, and the leases that runs hold."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "gpu",
    cls=LazyGroup,
    short_help="List GPUs and their leases; release one.",
    lazy={
        "list": "sftsec_core.cli.gpu.list",
        "leases": "sftsec_core.cli.gpu.leases",
        "release": "sftsec_core.cli.gpu.release",
    },
)
def command() -> None:
    """List this machine's GPUs and the leases that runs hold; release one."""

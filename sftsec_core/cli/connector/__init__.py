"""`sftsec connector`: the SIEMs that incidents come from and detections go to."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "connector",
    cls=LazyGroup,
    short_help="List, check and set up connectors, or preview a pull.",
    lazy={
        "list": "sftsec_core.cli.connector.list",
        "check": "sftsec_core.cli.connector.check",
        "setup": "sftsec_core.cli.connector.setup",
        "pull": "sftsec_core.cli.connector.pull",
    },
)
def command() -> None:
    """List, check and set up connectors, or preview what one returns."""

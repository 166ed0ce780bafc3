"""`sftsec dataset`: what a model is trained on."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "dataset",
    cls=LazyGroup,
    short_help="Build and inspect snapshots.",
    lazy={
        "build": "sftsec_core.cli.dataset.build",
        "show": "sftsec_core.cli.dataset.show",
    },
)
def command() -> None:
    """Build and inspect snapshots: what a model is trained on."""

"""`sftsec privacy`: what trainings with differential privacy have spent."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "privacy",
    cls=LazyGroup,
    short_help="Show the privacy that trainings have spent.",
    lazy={"account": "sftsec_core.cli.privacy.account"},
)
def command() -> None:
    """Show what trainings with differential privacy have spent of a task's budget."""

"""`sftsec audit`: who did what, and when."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "audit",
    cls=LazyGroup,
    lazy={
        "push": "sftsec_core.cli.audit.push",
        "tail": "sftsec_core.cli.audit.tail",
    },
)
def command() -> None:
    """Read the audit log, check that nobody changed it, copy it into the SIEM."""

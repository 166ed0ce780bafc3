"""`sftsec audit`: who did what, and when."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "audit",
    cls=LazyGroup,
    short_help="Read, verify and export the audit log.",
    lazy={
        "push": "sftsec_core.cli.audit.push",
        "tail": "sftsec_core.cli.audit.tail",
        "verify": "sftsec_core.cli.audit.verify",
    },
)
def command() -> None:
    """Read the audit log, verify it, and copy it into the SIEM."""

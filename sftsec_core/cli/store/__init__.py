"""`sftsec store`: the state on the disk and in the database, and its key."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "store",
    cls=LazyGroup,
    short_help="Check, back up, restore, move and encrypt the state.",
    lazy={
        "backup": "sftsec_core.cli.store.backup",
        "check": "sftsec_core.cli.store.check",
        "encrypt": "sftsec_core.cli.store.encrypt",
        "migrate": "sftsec_core.cli.store.migrate",
        "move": "sftsec_core.cli.store.move",
        "restore": "sftsec_core.cli.store.restore",
        "rotate-key": "sftsec_core.cli.store.rotate_key",
        "share": "sftsec_core.cli.store.share",
    },
)
def command() -> None:
    """Check, back up, restore and move the state; encrypt it and change its key."""

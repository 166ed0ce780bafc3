"""`sftsec store`: the state on the disk, and the key that it is encrypted with."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "store",
    cls=LazyGroup,
    short_help="Encrypt the state, and change its key.",
    lazy={
        "encrypt": "sftsec_core.cli.store.encrypt",
        "rotate-key": "sftsec_core.cli.store.rotate_key",
    },
)
def command() -> None:
    """Encrypt the state on the disk, and change the key that it is encrypted with."""

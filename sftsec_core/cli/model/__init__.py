"""`sftsec model`: what is in service, and what may be."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "model",
    cls=LazyGroup,
    short_help="Inspect, promote, roll back, backtest and optimize.",
    lazy={
        "list": "sftsec_core.cli.model.list",
        "show": "sftsec_core.cli.model.show",
        "promote": "sftsec_core.cli.model.promote",
        "rollback": "sftsec_core.cli.model.rollback",
        "sign": "sftsec_core.cli.model.sign",
        "verify": "sftsec_core.cli.model.verify",
        "backtest": "sftsec_core.cli.model.backtest",
        "optimize": "sftsec_core.cli.model.optimize",
    },
)
def command() -> None:
    """List, inspect, promote, roll back, sign, verify, backtest and optimize models."""

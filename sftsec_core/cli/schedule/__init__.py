"""`sftsec schedule`: what runs when, and how it ended."""

from __future__ import annotations

import click

from sftsec_core.cli.lazy import LazyGroup


@click.group(
    "schedule",
    cls=LazyGroup,
    short_help="Schedule runs; show when each is due and why.",
    lazy={
        "add": "sftsec_core.cli.schedule.add",
        "due": "sftsec_core.cli.schedule.due",
        "edit": "sftsec_core.cli.schedule.edit",
        "history": "sftsec_core.cli.schedule.history",
        "list": "sftsec_core.cli.schedule.list",
        "pause": "sftsec_core.cli.schedule.pause",
        "remove": "sftsec_core.cli.schedule.remove",
        "resume": "sftsec_core.cli.schedule.resume",
        "run": "sftsec_core.cli.schedule.run",
        "show": "sftsec_core.cli.schedule.show",
        "simulate": "sftsec_core.cli.schedule.simulate",
    },
)
def command() -> None:
    """Schedule runs by time, by verdicts and by figures; show when each is due and why.

    Schedules stand in sftsec.yaml under `schedules`, or in the store, where add, edit and remove
    change them. A worker queues what is due: sftsec worker run.
    """

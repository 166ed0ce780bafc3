"""`sftsec schedule list`: all schedules, and when each runs next."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("list", short_help="List schedules and when each runs next.")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """List schedules, by name, and when each runs next.

    \b
    Examples:
      sftsec schedule list
      sftsec schedule list --json
    """
    from sftsec_core.cli.schedule.shown import next_start, what
    from sftsec_core.operations.list_schedules import list_schedules

    with app.context() as context:
        found = list_schedules(context)
    rows = [
        (
            each.schedule.name,
            what(each.schedule),
            each.schedule.source,
            each.schedule.settings.priority,
            next_start(each),
            each.reason,
        )
        for each in found
    ]
    columns = ("schedule", "runs", "from", "priority", "next", "reason")
    emit([e.to_json() for e in found], as_json=as_json, show=table("schedules", columns, rows))

"""`sftsec schedule due`: when each schedule would run next, and why it is due or not."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("due", short_help="Show when each schedule runs next and why.")
@click.option("--at", help="As seen from this time: 2026-03-29T02:30+01:00; default: now.")
@json_option
@pass_app
def command(app: App, at: str | None, as_json: bool) -> None:
    """Show when each schedule would run next, the next first, and why it is due or is not.

    Times are in each schedule's zone; a time without an offset is UTC.

    \b
    Examples:
      sftsec schedule due
      sftsec schedule due --at 2026-12-24T20:00+01:00 --json
    """
    from sftsec_core.cli.schedule.shown import next_start, read_moment, what
    from sftsec_core.operations.list_schedules import due_schedules

    moment = read_moment(at)
    with app.context() as context:
        found = due_schedules(context, moment)
    rows = [
        (e.schedule.name, what(e.schedule), "yes" if e.due else "no", next_start(e), e.reason)
        for e in found
    ]
    columns = ("schedule", "runs", "due", "next", "reason")
    emit([e.to_json() for e in found], as_json=as_json, show=table("due", columns, rows))

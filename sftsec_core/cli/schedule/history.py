"""`sftsec schedule history`: a schedule's occurrences, and how each ended."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_schedule
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("history", short_help="List a schedule's occurrences and how each ended.")
@click.argument("name", shell_complete=complete_schedule)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1))
@json_option
@pass_app
def command(app: App, name: str, limit: int, as_json: bool) -> None:
    """List a schedule's occurrences, newest first: the run of each, or why there was none.

    \b
    Examples:
      sftsec schedule history nightly
      sftsec schedule history nightly --limit 100 --json
    """
    from sftsec_core.operations.list_schedules import schedule_history

    with app.context() as context:
        found = schedule_history(context, name, limit=limit)
    rows = [
        (e.occurrence.due_at, e.occurrence.count, e.end, e.occurrence.run_id, e.occurrence.reason)
        for e in found
    ]
    columns = ("due at", "times", "end", "run", "reason")
    emit([e.to_json() for e in found], as_json=as_json, show=table(name, columns, rows))

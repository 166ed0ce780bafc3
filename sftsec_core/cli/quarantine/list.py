"""`sftsec quarantine list`: records that could not be read or pushed, and why."""

from __future__ import annotations

from dataclasses import asdict

import click

from sftsec_core.cli.complete import complete_connector
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("list", short_help="List records that could not be read or pushed.")
@click.option("--connector", help="Only this connector's.", shell_complete=complete_connector)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@json_option
@pass_app
def command(app: App, connector: str | None, limit: int, as_json: bool) -> None:
    """List records that could not be read or pushed: where they are and why.

    \b
    Examples:
      sftsec quarantine list
      sftsec quarantine list --connector mail --json
    """
    from sftsec_core.operations.list_quarantine import list_quarantine

    with app.context() as context:
        found = list_quarantine(context, connector=connector, limit=limit)
    records = found.records
    rows = [(q.connector, q.where, q.reason, q.seen, q.last_at) for q in records]
    columns = ("connector", "where", "reason", "seen", "last")
    title = f"quarantine, {len(records)} of {found.total}"
    emit([asdict(q) for q in records], as_json=as_json, show=table(title, columns, rows))

"""`sftsec quarantine list`: records that could not be used, and why."""

from __future__ import annotations

from dataclasses import asdict

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("list")
@click.option("--connector", help="Only this one's.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@json_option
@pass_app
def command(app: App, connector: str | None, limit: int, as_json: bool) -> None:
    """List records that could not be read or pushed: where they stand and why.

    \b
    Examples:
      sftsec quarantine list
      sftsec quarantine list --connector mail --json
    """
    with app.context() as context:
        found = context.store.quarantine.list(connector, limit=limit)
        total = context.store.quarantine.count(connector)
    rows = [(q.connector, q.where, q.reason, q.seen, q.last_at) for q in found]
    columns = ("connector", "where", "reason", "seen", "last")
    title = f"quarantine, {len(found)} of {total}"
    emit([asdict(q) for q in found], as_json=as_json, show=table(title, columns, rows))

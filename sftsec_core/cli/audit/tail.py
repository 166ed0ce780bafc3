"""`sftsec audit tail`: the last things that were done, and whether the log is whole."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("tail")
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1))
@click.option("--action", help="Only this one's, e.g. model.promoted.")
@click.option("--verify", is_flag=True, help="Compute the whole chain anew; exit 9 if it differs.")
@json_option
@pass_app
def command(app: App, limit: int, action: str | None, verify: bool, as_json: bool) -> None:
    """Show who did what, newest last.

    \b
    Examples:
      sftsec audit tail
      sftsec audit tail --action model.promoted -n 5
      sftsec audit tail --verify --json
    """
    with app.context() as context:
        if verify:
            count = context.store.audit.verify()
            app.say(f"the log is whole: {count} entries")
        entries = context.store.audit.tail(limit, action=action)
    rows = [
        (e.seq, e.at, e.actor, e.action, e.object, json.dumps(dict(e.details), default=str))
        for e in entries
    ]
    columns = ("seq", "at", "actor", "action", "object", "details")
    emit([asdict(e) for e in entries], as_json=as_json, show=table("audit", columns, rows))

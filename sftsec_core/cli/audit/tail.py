"""`sftsec audit tail`: the last entries of the audit log."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from sftsec_core.cli.complete import complete_action
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("tail", short_help="Show who did what, newest last; --verify checks the log.")
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(1))
@click.option(
    "--action", shell_complete=complete_action, help="Only this action, e.g. model.promoted."
)
@click.option("--verify", is_flag=True, help="Recompute the whole chain; exit 9 if it differs.")
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
    from sftsec_core.operations.read_audit import read_audit

    with app.context() as context:
        found = read_audit(context, limit=limit, action=action, verify=verify)
    if found.verified is not None:
        app.say(f"the audit log is intact: {found.verified} entries")
    rows = [
        (e.seq, e.at, e.actor, e.action, e.object, json.dumps(dict(e.details), default=str))
        for e in found.entries
    ]
    columns = ("seq", "at", "actor", "action", "object", "details")
    emit([asdict(e) for e in found.entries], as_json=as_json, show=table("audit", columns, rows))

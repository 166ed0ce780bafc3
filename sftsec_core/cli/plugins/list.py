"""`sftsec plugins list`: every installed plugin and its status."""

from __future__ import annotations

from dataclasses import asdict

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("list", short_help="List every installed plugin and its state.")
@json_option
@pass_app
def command(app: App, as_json: bool) -> None:
    """List every installed plugin, whether it is enabled, and why one failed.

    \b
    Examples:
      sftsec plugins list
      sftsec plugins list --json
    """
    statuses = sorted(app.plugins().statuses, key=lambda each: each.name)
    rows = [
        (s.name, s.distribution, s.version, "yes" if s.enabled else "no", s.error or "-")
        for s in statuses
    ]
    columns = ("name", "distribution", "version", "enabled", "error")
    emit([asdict(s) for s in statuses], as_json=as_json, show=table("plugins", columns, rows))

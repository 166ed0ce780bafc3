"""`sftsec run list`: every run, and how it ended."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.options import RUN_KINDS, App, emit, json_option, pass_app, table


@click.command("list", short_help="List runs and how each ended, newest first.")
@click.argument("task", required=False, shell_complete=complete_task)
@click.option(
    "--kind", type=click.Choice((*RUN_KINDS, "backtest", "functions")), help="Only these."
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1))
@json_option
@pass_app
def command(app: App, task: str | None, kind: str | None, limit: int, as_json: bool) -> None:
    """List runs and how each ended, newest first.

    A run whose process was killed is shown as interrupted once its lease has ended.

    \b
    Examples:
      sftsec run list
      sftsec run list phishing --kind retrain --json
    """
    from sftsec_core.operations.list_runs import list_runs, seconds

    with app.context() as context:
        found = list_runs(context, task, kind=kind, limit=limit)
    rows = [
        (r.info.id, r.info.kind, r.info.task, r.status, _took(seconds(r.info)), r.end)
        for r in found
    ]
    columns = ("run", "kind", "task", "status", "took", "end")
    emit([r.to_json() for r in found], as_json=as_json, show=table("runs", columns, rows))


def _took(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.0f} s"

"""`sftsec labels list`: the verdicts that were pulled."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_connector, complete_verdict
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("list", short_help="List the pulled verdicts, newest first.")
@click.option("--connector", help="Only this connector's.", shell_complete=complete_connector)
@click.option("--value", shell_complete=complete_verdict, help="Only this value of the platform's.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@json_option
@pass_app
def command(app: App, connector: str | None, value: str | None, limit: int, as_json: bool) -> None:
    """List verdicts, those pulled last first.

    \b
    Examples:
      sftsec labels list --value true_positive
      sftsec labels list --connector mail --limit 1000 --json
    """
    from sftsec_core.operations.list_verdicts import list_verdicts

    with app.context() as context:
        found = list_verdicts(context, connector=connector, value=value, limit=limit)
    data = [
        {
            "connector": each.connector,
            "incident": each.incident_uid,
            "value": each.verdict.value,
            "analyst": each.verdict.analyst,
            "at": each.verdict.at,
            "automated": each.verdict.automated,
            "reason": each.verdict.reason,
            "pulled_at": each.pulled_at,
            "run": each.run_id,
        }
        for each in found
    ]
    columns = ("connector", "incident", "value", "analyst", "at", "run")
    rows = [[row[name] for name in columns] for row in data]
    emit(data, as_json=as_json, show=table("verdicts", columns, rows))

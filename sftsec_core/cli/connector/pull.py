"""`sftsec connector pull`: show what a task's connector returns, as the model would see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from sftsec_core.api.domain import Incident


@click.command("pull", short_help="Show a task's first incidents, cleaned and redacted.")
@click.argument("task")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1), help="Incidents.")
@click.option("--labelled/--unlabelled", default=None, help="Only with or without a verdict.")
@json_option
@pass_app
def command(app: App, task: str, limit: int, labelled: bool | None, as_json: bool) -> None:
    """Show the first incidents of a task, cleaned and redacted; nothing is written.

    \b
    Examples:
      sftsec connector pull phishing
      sftsec connector pull phishing --unlabelled --limit 3 --json
    """
    from sftsec_core.operations.preview_incidents import preview_incidents

    with app.context() as context:
        found = preview_incidents(context, task, limit=limit, labelled=labelled)
    data = {
        "incidents": [_plain(incident) for incident in found.incidents],
        "rejected_total": found.rejected_total,
        "rejected": [{"where": each.where, "reason": each.reason} for each in found.rejected],
    }
    rows = [
        (i.uid, i.at, ", ".join(v.value for v in i.verdicts) or "-", _short(i))
        for i in found.incidents
    ]
    columns = ("uid", "@timestamp", "verdicts", "fields")
    emit(data, as_json=as_json, show=table(f"incidents of {task}", columns, rows))
    for each in found.rejected:
        app.say(f"rejected {each.where}: {each.reason}")
    if more := found.rejected_total - len(found.rejected):
        app.say(f"{more:,} more records were rejected")


def _plain(incident: Incident) -> dict[str, Any]:
    return {
        "uid": incident.uid,
        "@timestamp": incident.at,
        "fields": dict(incident.fields),
        "verdicts": [
            {"value": v.value, "analyst": v.analyst, "at": v.at} for v in incident.verdicts
        ],
    }


def _short(incident: Incident) -> str:
    text = " ".join(f"{name}={value}" for name, value in incident.fields.items())
    return " ".join(text.split())[:120]

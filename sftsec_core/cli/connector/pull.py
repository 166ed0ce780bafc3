"""`sftsec connector pull`: look at what a task's connector brings, as the model would see it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from sftsec_core.api.domain import Incident
    from sftsec_core.operations.context import Context


@click.command("pull")
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
    with app.context() as context:
        incidents, rejected = _pull(context, task, limit, labelled)
    data = {
        "incidents": [_plain(incident) for incident in incidents],
        "rejected": [{"where": where, "reason": reason} for where, reason in rejected],
    }
    rows = [
        (i.uid, i.at, ", ".join(v.value for v in i.verdicts) or "-", _short(i)) for i in incidents
    ]
    columns = ("uid", "@timestamp", "verdicts", "fields")
    emit(data, as_json=as_json, show=table(f"incidents of {task}", columns, rows))
    for where, reason in rejected:
        app.say(f"rejected {where}: {reason}")


def _pull(
    context: Context, name: str, limit: int, labelled: bool | None
) -> tuple[list[Incident], list[tuple[str, str]]]:
    from sftsec_core.api.domain import PullWindow
    from sftsec_core.dataset.steps import build_steps

    task = context.task(name)
    steps = build_steps(task, context.plugins, context.step_context(name))
    rejected: list[tuple[str, str]] = []
    found: list[Incident] = []
    with context.connector(task.connector) as connector:
        for page in connector.pull(PullWindow(labelled=labelled, text_fields=task.text)):
            found += steps(list(islice(page.incidents, limit - len(found))))
            rejected += [(r.where, r.reason) for r in page.rejected]
            if len(found) >= limit:
                break
    return found, rejected


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

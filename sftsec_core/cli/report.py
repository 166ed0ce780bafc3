"""`sftsec report RUN`: what a run found."""

from __future__ import annotations

import json
import webbrowser

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("report")
@click.argument("run", required=False)
@click.option("--task", help="The newest run of this task.")
@click.option("--open", "open_it", is_flag=True, help="Open the report in a browser.")
@json_option
@pass_app
def command(app: App, run: str | None, task: str | None, open_it: bool, as_json: bool) -> None:
    """Show how a run ended and where its report lies; the newest run by default.

    RUN is a run's id or the beginning of one. With --json: the whole report.

    \b
    Examples:
      sftsec report
      sftsec report 20260131T12 --open
      sftsec report --task phishing --json
    """
    from sftsec_core.api.errors import NotFoundError

    with app.context() as context:
        runs = context.store.runs
        newest = runs.list(task, kind="retrain", limit=1)
        if run is None and not newest:
            raise NotFoundError("run of task", task or "any", ())
        info = runs.get(run) if run else newest[0]
        file = runs.report(info.id)
    found = {
        "run": info.id,
        "task": info.task,
        "status": info.status,
        "started_at": info.started_at,
        "finished_at": info.finished_at,
        "error": info.error,
        "report": str(file) if file else None,
    }
    body = None
    if file is not None and file.with_suffix(".json").exists():
        body = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    emit({**found, "evaluation": body}, as_json=as_json, show=facts(found))
    if open_it and file is not None:
        webbrowser.open(file.as_uri())

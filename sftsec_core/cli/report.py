"""`sftsec report RUN`: how a run ended, and its report."""

from __future__ import annotations

import webbrowser

import click

from sftsec_core.cli.complete import complete_run, complete_task
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("report", short_help="Show how a run ended and where its report is.")
@click.argument("run", required=False, shell_complete=complete_run)
@click.option("--task", help="The newest run of this task.", shell_complete=complete_task)
@click.option("--open", "open_it", is_flag=True, help="Open the report in a browser.")
@json_option
@pass_app
def command(app: App, run: str | None, task: str | None, open_it: bool, as_json: bool) -> None:
    """Show how a run ended and where its report is; the newest run by default.

    RUN is a run's id or the beginning of one. With --json: the whole report.

    \b
    Examples:
      sftsec report
      sftsec report 20260131T12 --open
      sftsec report --task phishing --json
    """
    from sftsec_core.operations.show_run import show_run

    with app.context() as context:
        shown = show_run(context, run, task=task)
    info, file = shown.info, shown.report
    found = {
        "run": info.id,
        "task": info.task,
        "status": info.status,
        "started_at": info.started_at,
        "finished_at": info.finished_at,
        "error": info.error,
        "report": str(file) if file else None,
    }
    emit({**found, "evaluation": shown.evaluation}, as_json=as_json, show=facts(found))
    if open_it and file is not None:
        webbrowser.open(file.as_uri())

"""`sftsec report TASK`: how a run ended, its figures, and where its report is."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_task, complete_task_or_run
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from sftsec_core.operations.show_report import ShownReport


@click.command("report", short_help="Show a run's figures, votes and report.")
@click.argument("name", metavar="[TASK|RUN]", required=False, shell_complete=complete_task_or_run)
@click.option("--task", help="The newest run of this task.", shell_complete=complete_task)
@click.option("--open", "open_it", is_flag=True, help="Open the report in a browser.")
@json_option
@pass_app
def command(app: App, name: str | None, task: str | None, open_it: bool, as_json: bool) -> None:
    """Show how a run ended, the figures of its models, the gate's votes and where the report is.

    TASK is a task, for its newest retraining run; RUN a run's id or the beginning of one. By
    default the newest retraining run. With --json: the whole report.

    \b
    Examples:
      sftsec report phishing
      sftsec report phishing --open
      sftsec report 20260131T12 --json
    """
    from sftsec_core.operations.proposing import votes_json
    from sftsec_core.operations.show_report import show_report

    with app.context() as context:
        found = show_report(context, name, task)
    info, file = found.shown.info, found.shown.report
    said = {
        "run": info.id,
        "task": info.task,
        "status": info.status,
        "started_at": info.started_at,
        "finished_at": info.finished_at,
        "error": info.error,
        "report": str(file) if file else None,
    }
    votes = list(votes_json(found.decision.votes)) if found.decision else None
    data = {
        **said,
        "model": found.model.digest if found.model else None,
        "votes": votes,
        "evaluation": found.shown.evaluation,
    }
    emit(data, as_json=as_json, show=lambda out: _show(out, found, said))
    if open_it and file is not None:
        webbrowser.open(file.as_uri())


def _show(out: Console, found: ShownReport, said: Mapping[str, object]) -> None:
    from sftsec_core.cli.figures import show_models, show_risks, show_votes

    facts(said)(out)
    if found.figures is not None:
        show_models(out, found.figures)
        show_risks(out, found.figures)
    if found.decision is not None:
        show_votes(out, found.decision)
    if found.error is not None:
        out.print(f"the gate's votes cannot be read: {found.error}", soft_wrap=True)
    if found.model is not None:
        aliases = ", ".join(found.model.aliases) or "no alias"
        out.print(f"model   {found.model.digest[:12]} ({found.model.recipe}), {aliases}")

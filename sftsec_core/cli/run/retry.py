"""`sftsec run retry`: queue a run again."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_run
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("retry", short_help="Queue a run again.")
@click.argument("run", shell_complete=complete_run)
@json_option
@pass_app
def command(app: App, run: str, as_json: bool) -> None:
    """Queue a run again: one that was interrupted resumes, of one that has ended another begins.

    RUN is a run's id or the beginning of one; the new run has its parameters.

    \b
    Examples:
      sftsec run retry 20260131T120000-1a2b3c4d
      sftsec run retry 20260131T12 --json
    """
    from sftsec_core.operations.queue_runs import retry_run

    with app.context() as context:
        info = retry_run(context, run)
    shown = {"run": info.id, "kind": info.kind, "task": info.task, "status": info.status}
    emit(shown, as_json=as_json, show=facts(shown))

"""`sftsec run cancel`: end a run that waits or is under way."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_open_run
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("cancel", short_help="Cancel a run that waits or is under way.")
@click.argument("run", shell_complete=complete_open_run)
@json_option
@pass_app
def command(app: App, run: str, as_json: bool) -> None:
    """Cancel a run: at once where it waits, within seconds where it is under way.

    A run that a person started is cancelled too. Nothing is half-promoted: a promotion happens
    in one transaction, before or not at all. RUN is a run's id or the beginning of one.

    \b
    Examples:
      sftsec run cancel 20260131T120000-1a2b3c4d
      sftsec run cancel 20260131T12 --json
    """
    from sftsec_core.operations.queue_runs import cancel_run

    with app.context() as context:
        info = cancel_run(context, run)
    status = "running, told to stop" if info.status == "running" else info.status
    emit({"run": info.id, "status": info.status}, as_json=as_json, show=facts({info.id: status}))

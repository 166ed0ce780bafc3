"""`sftsec schedule run`: queue a run of a schedule at once."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_schedule
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("run", short_help="Queue a run of a schedule now.")
@click.argument("name", shell_complete=complete_schedule)
@json_option
@pass_app
def command(app: App, name: str, as_json: bool) -> None:
    """Queue a run of a schedule now, whatever its times, its window or a pause say.

    It is in the schedule's history; its times stay as they are, its conditions start again.

    \b
    Examples:
      sftsec schedule run nightly
      sftsec schedule run nightly --json
    """
    from sftsec_core.operations.enqueue_due import run_schedule

    with app.context() as context:
        run = run_schedule(context, name)
    said = {"schedule": name, "run": run.id, "kind": run.kind, "task": run.task}
    said |= {"status": run.status}
    emit(said, as_json=as_json, show=facts(said))

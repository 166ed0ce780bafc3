"""`sftsec schedule resume`: let a paused schedule go on."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_schedule
from sftsec_core.cli.options import App, emit, json_option, pass_app


@click.command("resume", short_help="Let a paused schedule go on.")
@click.argument("name", shell_complete=complete_schedule)
@json_option
@pass_app
def command(app: App, name: str, as_json: bool) -> None:
    """Let a paused schedule go on; its times count from now on.

    \b
    Examples:
      sftsec schedule resume nightly
      sftsec schedule resume nightly --json
    """
    from sftsec_core.operations.change_schedules import resume_schedule

    with app.context() as context:
        done = resume_schedule(context, name)
    emit(done.to_json(), as_json=as_json, show=lambda out: out.print(f"resumed: {done.name}"))

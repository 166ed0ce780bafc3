"""`sftsec schedule pause`: pause a schedule."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_schedule
from sftsec_core.cli.options import App, emit, json_option, pass_app


@click.command("pause", short_help="Pause a schedule.")
@click.argument("name", shell_complete=complete_schedule)
@json_option
@pass_app
def command(app: App, name: str, as_json: bool) -> None:
    """Pause a schedule, one of sftsec.yaml too: its times pass unused, its conditions wait.

    \b
    Examples:
      sftsec schedule pause nightly
      sftsec schedule pause nightly --json
    """
    from sftsec_core.operations.change_schedules import pause_schedule

    with app.context() as context:
        done = pause_schedule(context, name)
    emit(done.to_json(), as_json=as_json, show=lambda out: out.print(f"paused: {done.name}"))

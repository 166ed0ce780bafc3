"""`sftsec schedule remove`: remove a schedule from the store."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_schedule
from sftsec_core.cli.options import App, emit, json_option, pass_app


@click.command("remove", short_help="Remove a schedule from the store.")
@click.argument("name", shell_complete=complete_schedule)
@json_option
@pass_app
def command(app: App, name: str, as_json: bool) -> None:
    """Remove a schedule from the store; its history and its runs stay.

    \b
    Examples:
      sftsec schedule remove nightly
      sftsec schedule remove nightly --json
    """
    from sftsec_core.operations.change_schedules import remove_schedule

    with app.context() as context:
        done = remove_schedule(context, name)
    emit(done.to_json(), as_json=as_json, show=lambda out: out.print(f"removed: {done.name}"))

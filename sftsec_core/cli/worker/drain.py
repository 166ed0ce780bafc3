"""`sftsec worker drain`: have workers end what they run, and end."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_worker
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("drain", short_help="Have workers end what they run, and end.")
@click.argument("name", required=False, shell_complete=complete_worker)
@json_option
@pass_app
def command(app: App, name: str | None, as_json: bool) -> None:
    """Ask a worker, or all, to end what they run, take nothing new, and end.

    \b
    Examples:
      sftsec worker drain
      sftsec worker drain gpu1-4242-1a2b --json
    """
    from sftsec_core.operations.manage_workers import drain_workers

    with app.context() as context:
        asked = drain_workers(context, name)
    show = table("told to drain", ("worker",), [(each,) for each in asked])
    emit(list(asked), as_json=as_json, show=show)

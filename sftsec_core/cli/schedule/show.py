"""`sftsec schedule show`: one schedule's settings, and when it runs next."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_schedule
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("show", short_help="Show a schedule's settings and when it runs next.")
@click.argument("name", shell_complete=complete_schedule)
@json_option
@pass_app
def command(app: App, name: str, as_json: bool) -> None:
    """Show a schedule's settings, when it runs next and why.

    \b
    Examples:
      sftsec schedule show nightly
      sftsec schedule show nightly --json
    """
    from sftsec_core.cli.schedule.shown import facts_of
    from sftsec_core.operations.list_schedules import show_schedule

    with app.context() as context:
        found = show_schedule(context, name)
    emit(found.to_json(), as_json=as_json, show=facts(facts_of(found)))

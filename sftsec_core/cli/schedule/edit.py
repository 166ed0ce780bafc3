"""`sftsec schedule edit`: change a schedule of the store."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_schedule
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app
from sftsec_core.cli.schedule.settings import KINDS, read_options, schedule_options


@click.command("edit", short_help="Change settings of a schedule in the store.")
@click.argument("name", shell_complete=complete_schedule)
@click.option("--run", type=click.Choice(KINDS), help="What runs.")
@schedule_options
@click.option("--unset", multiple=True, help="Take a setting back to its default: window.")
@json_option
@pass_app
def command(app: App, /, name: str, unset: tuple[str, ...], as_json: bool, **given: object) -> None:
    """Change settings of a schedule; the others stay.

    While the trigger (run, task, when, after, timezone) is the same, nothing that was missed or
    counted is lost; with another one it starts again. The schedule's runs are yours from now on.

    \b
    Examples:
      sftsec schedule edit nightly --cron "0 4 * * *"
      sftsec schedule edit nightly --priority 10 --unset window
    """
    from sftsec_core.cli.schedule.shown import facts_of
    from sftsec_core.operations.change_schedules import edit_schedule
    from sftsec_core.operations.list_schedules import show_schedule

    changes = {**dict.fromkeys(unset), **read_options(given)}
    if not changes:
        raise click.UsageError("name at least one setting to change, such as --priority 10")
    with app.context() as context:
        edit_schedule(context, name, changes)
        planned = show_schedule(context, name)
    emit(planned.to_json(), as_json=as_json, show=facts(facts_of(planned)))

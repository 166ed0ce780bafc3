"""`sftsec schedule add`: keep a schedule in the store."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app
from sftsec_core.cli.schedule.settings import KINDS, read_options, schedule_options


@click.command("add", short_help="Add a schedule to the store.")
@click.argument("name")
@click.option("--run", type=click.Choice(KINDS), required=True, help="What runs.")
@schedule_options
@json_option
@pass_app
def command(app: App, /, name: str, as_json: bool, **given: object) -> None:
    """Add a schedule to the store; refused where sftsec.yaml has the section `schedules`.

    Its runs are yours: they are allowed what you are.

    \b
    Examples:
      sftsec schedule add nightly --run retrain --task phishing --cron "0 2 * * *" \\
        --timezone Europe/Berlin --window "22:00-06:00 mon-fri"
      sftsec schedule add fresh --run retrain --task phishing --new-verdicts 200 \\
        --drift-above 0.2 --match any
      sftsec schedule add follow --run score --task phishing --after retrain:phishing:promoted
    """
    from sftsec_core.cli.schedule.shown import facts_of
    from sftsec_core.operations.change_schedules import add_schedule
    from sftsec_core.operations.list_schedules import show_schedule

    settings = read_options(given)
    with app.context() as context:
        add_schedule(context, name, settings)
        planned = show_schedule(context, name)
    emit(planned.to_json(), as_json=as_json, show=facts(facts_of(planned)))
    app.next("sftsec schedule simulate --days 7", as_json=as_json)

"""`sftsec model promote`: make a model the live one by hand."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_model, complete_task
from sftsec_core.cli.model.show import describe
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("promote", short_help="Make an approved model the live one.")
@click.argument("model", shell_complete=complete_model)
@click.option("--task", help="Look only among this task's models.", shell_complete=complete_task)
@click.option("--force", metavar="REASON", help="Promote against the gate; the reason is kept.")
@json_option
@pass_app
def command(app: App, model: str, task: str | None, force: str | None, as_json: bool) -> None:
    """Make a model live that the promotion gate approved; exit 8 when it did not.

    \b
    Examples:
      sftsec model promote phishing@candidate
      sftsec model promote 3f9a2c51 --force "incident 4711: the live model misses the campaign"
    """
    from sftsec_core.operations.promote import promote

    with app.context() as context:
        done = promote(context, model, task=task, force=force)
    previous = done.previous.digest if done.previous else None
    data = {**describe(done.live), "previous": previous}
    emit(data, as_json=as_json, show=facts({"live": done.live.digest, "before": previous}))

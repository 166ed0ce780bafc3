"""`sftsec model promote`: make a model the live one by hand."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_model, complete_task
from sftsec_core.cli.model.show import show_promotion
from sftsec_core.cli.options import App, json_option, pass_app


@click.command("promote", short_help="Make an approved model the live one.")
@click.argument("model", shell_complete=complete_model)
@click.option("--task", help="Look only among this task's models.", shell_complete=complete_task)
@click.option("--force", metavar="REASON", help="Promote against the gate; the reason is kept.")
@json_option
@pass_app
def command(app: App, model: str, task: str | None, force: str | None, as_json: bool) -> None:
    """Make a model live that the promotion gate approved; exit 8 when it did not.

    Where `registry.promotion` asks for several people, this is your approval, and the last one that
    is needed makes the model live. Approvals lapse when the live model changes.

    \b
    Examples:
      sftsec model promote phishing@candidate
      sftsec model promote 3f9a2c51 --force "incident 4711: the live model misses the campaign"
    """
    from sftsec_core.operations.promote import promote

    with app.context() as context:
        done = promote(context, model, task=task, force=force)
    show_promotion(done, as_json=as_json)

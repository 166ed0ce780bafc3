"""`sftsec model rollback`: restore the previously live model."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.model.show import show_promotion
from sftsec_core.cli.options import App, json_option, pass_app


@click.command("rollback", short_help="Restore the previously live model.")
@click.argument("task", shell_complete=complete_task)
@click.option("--reason", default="by hand", show_default=True, help="Kept in the audit log.")
@json_option
@pass_app
def command(app: App, task: str, reason: str, as_json: bool) -> None:
    """Restore the model that was live before the current one.

    Running it twice goes back two promotions. Where `registry.promotion.rollback_people` asks for
    several people, this is your approval.

    \b
    Examples:
      sftsec model rollback phishing --reason "false positives on payroll mail"
    """
    from sftsec_core.operations.rollback import rollback

    with app.context() as context:
        done = rollback(context, task, reason=reason)
    show_promotion(done, as_json=as_json)

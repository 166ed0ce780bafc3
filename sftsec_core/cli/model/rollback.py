"""`sftsec model rollback`: take the model in service back."""

from __future__ import annotations

import click

from sftsec_core.cli.model.show import describe
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("rollback")
@click.argument("task")
@click.option("--reason", default="by hand", show_default=True, help="Kept in the audit log.")
@json_option
@pass_app
def command(app: App, task: str, reason: str, as_json: bool) -> None:
    """Put the model back in service that was live before the current one.

    Twice goes back two promotions.

    \b
    Examples:
      sftsec model rollback phishing --reason "false positives on payroll mail"
    """
    from sftsec_core.store.audit import current_user

    with app.context() as context:
        context.task(task)
        before = context.registry.live(task)
        live = context.registry.rollback(task, current_user(), reason)
        context.plugins.model_promoted(live, before, None)
    data = {**describe(live), "previous": before.digest if before else None}
    emit(data, as_json=as_json, show=facts({"live": live.digest, "before": data["previous"]}))

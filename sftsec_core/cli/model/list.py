"""`sftsec model list`: every model, with its aliases."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.model.show import describe
from sftsec_core.cli.options import App, emit, json_option, pass_app, table


@click.command("list", short_help="List models and their aliases, newest first.")
@click.argument("task", required=False, shell_complete=complete_task)
@json_option
@pass_app
def command(app: App, task: str | None, as_json: bool) -> None:
    """List models, newest first.

    \b
    Examples:
      sftsec model list
      sftsec model list phishing --json
    """
    from sftsec_core.operations.list_models import list_models

    with app.context() as context:
        models = list_models(context, task)
    rows = [
        (m.digest[:12], m.task, m.recipe, ", ".join(m.aliases) or "-", m.created_at, m.run_id)
        for m in models
    ]
    columns = ("model", "task", "recipe", "aliases", "created", "run")
    emit([describe(m) for m in models], as_json=as_json, show=table("models", columns, rows))

"""`sftsec model list`: every model, with its aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.model.show import describe
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.list_models import ListedModel


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
    rows = [_row(each) for each in models]
    columns = ("model", "task", "recipe", "aliases", "created", "run")
    told = [describe(each.ref, each.outdated) for each in models]

    def show(out: Console) -> None:
        table("models", columns, rows)(out)
        for each in models:
            if each.outdated is not None:
                out.print(f"{each.ref.digest[:12]} {each.outdated.line()}", soft_wrap=True)

    emit(told, as_json=as_json, show=show)


def _row(model: ListedModel) -> tuple[object, ...]:
    ref = model.ref
    aliases = ", ".join(ref.aliases) or "-"
    return (ref.digest[:12], ref.task, ref.recipe, aliases, ref.created_at, ref.run_id)

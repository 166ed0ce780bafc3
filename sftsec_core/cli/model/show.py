"""`sftsec model show`: a model's card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app

if TYPE_CHECKING:
    from sftsec_core.api.domain import ModelRef


@click.command("show", short_help="Show a model's card after verifying its files.")
@click.argument("model")
@click.option("--task", help="Look only among this task's models.")
@json_option
@pass_app
def command(app: App, model: str, task: str | None, as_json: bool) -> None:
    """Show a model's card, after verifying its files.

    MODEL is task@alias, an alias, a digest or the beginning of one.

    \b
    Examples:
      sftsec model show phishing@live
      sftsec model show 3f9a2c51 --json
    """
    from sftsec_core.operations.show_model import show_model
    from sftsec_core.registry.card import card_markdown

    with app.context() as context:
        shown = show_model(context, model, task=task)
    runs = [{"run": made.run_id, "at": made.at} for made in shown.runs]
    data = {**describe(shown.ref), "runs": runs, "card": shown.card}
    text = card_markdown(dict(shown.card))
    emit(data, as_json=as_json, show=lambda out: out.print(text, soft_wrap=True))


def describe(ref: ModelRef) -> dict[str, Any]:
    """A model as JSON values."""
    return {
        "digest": ref.digest,
        "task": ref.task,
        "recipe": ref.recipe,
        "aliases": list(ref.aliases),
        "created_at": ref.created_at,
        "run": ref.run_id,
        "folder": str(ref.folder),
    }

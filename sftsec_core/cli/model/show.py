"""`sftsec model show`: a model's card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.complete import complete_model, complete_task
from sftsec_core.cli.figures import show_trials
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.api.domain import ModelRef
    from sftsec_core.operations.outdated_models import Outdated
    from sftsec_core.operations.promote import Promotion


@click.command("show", short_help="Show a model's card after verifying its files.")
@click.argument("model", shell_complete=complete_model)
@click.option("--task", help="Look only among this task's models.", shell_complete=complete_task)
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
    from sftsec_core.registry.card import card_markdown, without_trials

    with app.context() as context:
        shown = show_model(context, model, task=task)
    runs = [{"run": made.run_id, "at": made.at} for made in shown.runs]
    approval = shown.approval
    waiting = approval.to_json() if approval else None
    data = {
        **describe(shown.ref, shown.outdated),
        "runs": runs,
        "approval": waiting,
        "card": shown.card,
    }
    told = f"{approval.line()} ({approval.kind})\n\n" if approval else ""
    told += f"{shown.outdated.line()}\n\n" if shown.outdated else ""
    text = told + card_markdown(without_trials(shown.card))

    def show(out: Console) -> None:
        out.print(text, soft_wrap=True)
        show_trials(out, shown.card["model_details"].get("fit_notes", {}))

    emit(data, as_json=as_json, show=show)


def describe(ref: ModelRef, outdated: Outdated | None = None) -> dict[str, Any]:
    """A model as JSON values; `outdated` says why and until when it may serve, if it is."""
    return {
        "digest": ref.digest,
        "task": ref.task,
        "recipe": ref.recipe,
        "aliases": list(ref.aliases),
        "created_at": ref.created_at,
        "run": ref.run_id,
        "folder": str(ref.folder),
        "outdated": outdated.line() if outdated else None,
    }


def show_promotion(done: Promotion, *, as_json: bool) -> None:
    """Show which model is live now, or whose approvals are lacking."""
    previous = done.previous.digest if done.previous else None
    waiting = done.waiting
    data = {
        **(describe(done.live) if done.live else {"digest": None}),
        "previous": previous,
        "waiting": waiting.to_json() if waiting else None,
    }
    live = done.live.digest if done.live else None
    lines = {"live": live, "before": previous}
    if waiting:
        lines = {
            "live": f"{live or '-'}, as before",
            "waits": waiting.digest,
            "for": waiting.line(),
        }
    emit(data, as_json=as_json, show=facts(lines))

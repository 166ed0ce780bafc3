"""`sftsec retrain TASK`: pull, train, evaluate, gate, promote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.api.domain import Vote
    from sftsec_core.operations.retrain import RetrainResult


@click.command("retrain")
@click.argument("task")
@click.option("--no-promote", is_flag=True, help="Stop at the gate's decision.")
@json_option
@pass_app
def command(app: App, task: str, no_promote: bool, as_json: bool) -> None:
    """Make a new model for a task, and put it in service if the gate approves.

    A run that was killed goes on where it stopped: run the same command again. Exit code 8
    says that the gate refused; the model is kept, with its report.

    \b
    Examples:
      sftsec retrain phishing
      sftsec retrain phishing --no-promote --json
    """
    from sftsec_core.api.errors import GateRefusedError
    from sftsec_core.cli.live import LiveListener
    from sftsec_core.operations.retrain import retrain

    with app.context() as context, LiveListener(quiet=app.quiet or as_json) as listener:
        outcome = retrain(context, task, promote=not no_promote, listener=listener)
    emit(outcome.to_json(), as_json=as_json, show=lambda out: show_outcome(out, outcome))
    if not outcome.decision.approved:
        reasons = "; ".join(f"{v.voter}: {v.reason}" for v in outcome.decision.refusals())
        raise GateRefusedError(f"the gate refused the model: {reasons or 'nobody voted'}")


def _word(vote: Vote) -> str:
    if vote.abstained:
        return "abstains"
    return ("yes" if vote.approve else "no") + (", but" if vote.warning else "")


def show_outcome(out: Console, outcome: RetrainResult) -> None:
    """Print models side by side, the votes, and where the report lies."""
    from sftsec_core.cli.options import table

    models = [outcome.report.candidate, *outcome.report.others.values()]
    names = ("macro_f1", "f1", "average_precision", "tpr_at_fpr_0.001", "tpr_at_fpr_0.01", "ece")
    rows = [
        (
            m.name,
            m.recipe,
            *(m.metrics[n].value if n in m.metrics else None for n in names),
            m.fit_seconds,
        )
        for m in models
    ]
    table("on test", ("model", "recipe", *names, "fit_s"), rows)(out)
    votes = [(v.voter, _word(v), v.reason) for v in outcome.decision.votes]
    table("gate", ("voter", "approves", "reason"), votes)(out)
    state = "live" if outcome.promoted else "approved" if outcome.decision.approved else "refused"
    out.print(f"model   {outcome.model.digest[:12]} ({outcome.model.recipe}), {state}")
    out.print(f"report  {outcome.report_file}", soft_wrap=True)

"""`sftsec retrain TASK`: pull, train, evaluate, gate, promote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.events import STDOUT, check_events, events_option
from sftsec_core.cli.options import App, emit, json_option, pass_app

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.operations.retrain import RetrainResult


@click.command("retrain", short_help="Train a new model; promote it if the gate approves.")
@click.argument("task", shell_complete=complete_task)
@click.option("--no-promote", is_flag=True, help="Stop at the gate's decision.")
@click.option("--force", is_flag=True, help="Train also when no verdict is new.")
@click.option("--full", is_flag=True, help="Pull and clean all again, also what did not change.")
@events_option
@json_option
@pass_app
def command(
    app: App,
    task: str,
    no_promote: bool,
    force: bool,
    full: bool,
    events: str | None,
    as_json: bool,
) -> None:
    """Train a new model for a task, and promote it if the promotion gate approves.

    A run that was killed resumes where it stopped: run the same command again. Exit code 8
    says that the gate rejected the model; it is kept, with its report. When no verdict is new
    and no setting has changed since the live model was made, nothing is made.

    Of a connector that can tell, what did not change since the last pull is neither pulled nor
    cleaned again; the data set is the one that --full makes.

    \b
    Examples:
      sftsec retrain phishing
      sftsec retrain phishing --no-promote --json
      sftsec retrain phishing --events - | tee events.jsonl
    """
    from sftsec_core.api.errors import GateRefusedError
    from sftsec_core.cli.live import live_context
    from sftsec_core.operations.retrain import retrain

    check_events(events, as_json=as_json)
    with live_context(app, quiet=as_json, events=events) as context:
        result = retrain(context, task, promote=not no_promote, force=force, full=full)
    if events != STDOUT:
        emit(result.to_json(), as_json=as_json, show=lambda out: show_result(out, result))
    if result.promoted:
        app.next(f"sftsec score {task}", as_json=as_json or events == STDOUT)
    if not result.decision.approved and not result.unchanged:
        app.next(f"sftsec report --task {task} --open", as_json=as_json or events == STDOUT)
        reasons = "; ".join(f"{v.voter}: {v.reason}" for v in result.decision.refusals())
        raise GateRefusedError(f"the promotion gate rejects the model: {reasons or 'no votes'}")


def show_result(out: Console, result: RetrainResult) -> None:
    """Print models side by side, the votes, and where the report is."""
    from sftsec_core.cli.figures import show_models, show_risks, show_votes

    if result.unchanged:
        model = f"{result.model.digest[:12]} ({result.model.recipe})"
        out.print(
            f"no verdict is new since the live model {model} was made by run "
            f"{result.model.run_id}: nothing was trained; --force trains anyway",
            soft_wrap=True,
        )
        return
    show_models(out, result.report)
    show_risks(out, result.report)
    show_votes(out, result.decision)
    state = "live" if result.promoted else "approved" if result.decision.approved else "rejected"
    out.print(f"model   {result.model.digest[:12]} ({result.model.recipe}), {state}")
    out.print(f"report  {result.report_file}", soft_wrap=True)

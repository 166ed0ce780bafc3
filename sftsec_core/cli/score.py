"""`sftsec score TASK`: detections back into the SIEM."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("score")
@click.argument("task")
@click.option("--rescan", is_flag=True, help="Score everything again, not only what is new.")
@json_option
@pass_app
def command(app: App, task: str, rescan: bool, as_json: bool) -> None:
    """Score what nobody has judged yet with the model in service, and push the detections.

    Goes on where the last call ended. Each detection is pushed once, whatever is killed: a run
    that was interrupted goes on when the same command is run again.

    \b
    Examples:
      sftsec score phishing
      sftsec score phishing --rescan --json
    """
    from sftsec_core.cli.live import LiveListener
    from sftsec_core.operations.score import score

    with app.context() as context, LiveListener(quiet=app.quiet or as_json) as listener:
        outcome = score(context, task, rescan=rescan, listener=listener)
    delivered = outcome.delivered
    shown = {
        "model": outcome.model[:12],
        "scored": outcome.scored.scored,
        "detections": outcome.scored.detections,
        "written": delivered.written,
        "there already": delivered.duplicates,
        "rejected": delivered.rejected,
        "pending": delivered.pending,
    }
    emit(outcome.to_json(), as_json=as_json, show=facts(shown))

"""`sftsec score TASK`: detections back into the SIEM."""

from __future__ import annotations

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.events import STDOUT, check_events, events_option
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app


@click.command("score", short_help="Score unlabelled incidents and push detections.")
@click.argument("task", shell_complete=complete_task)
@click.option("--rescan", is_flag=True, help="Score everything again, not only what is new.")
@events_option
@json_option
@pass_app
def command(app: App, task: str, rescan: bool, events: str | None, as_json: bool) -> None:
    """Score unlabelled incidents with the live model and push detections.

    Starts where the last call ended. Each detection is pushed once: a run that was killed
    resumes when the same command is run again.

    \b
    Examples:
      sftsec score phishing
      sftsec score phishing --rescan --json
      sftsec score phishing --events score.jsonl
    """
    from sftsec_core.cli.live import live_context
    from sftsec_core.operations.score import score

    check_events(events, as_json=as_json)
    with live_context(app, quiet=as_json, events=events) as context:
        result = score(context, task, rescan=rescan)
    delivered = result.delivered
    shown = {
        "model": result.model[:12],
        "scored": result.scored.scored,
        "dismissed": result.scored.dismissed,
        "for review": result.scored.review,
        "suppressed": result.scored.suppressed,
        "detections": result.scored.detections,
        "written": delivered.written,
        "there already": delivered.duplicates,
        "rejected": delivered.rejected,
        "pending": delivered.pending,
    }
    if events != STDOUT:
        emit(result.to_json(), as_json=as_json, show=facts(shown))

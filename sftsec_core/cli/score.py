"""`sftsec score TASK`: detections back into the SIEM."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.events import STDOUT, check_events, events_option
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app

if TYPE_CHECKING:
    from sftsec_core.operations.score import ScoreResult


@click.command("score", short_help="Score unlabelled incidents and push detections.")
@click.argument("task")
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
    if events != STDOUT:
        emit(result.to_json(), as_json=as_json, show=facts(_shown(result)))


def _shown(result: ScoreResult) -> dict[str, object]:
    """The figures in the order in which they add up: pulled, scored, alerts."""
    scored, alerts = result.scored, result.alerts
    return {
        "model": result.model[:12],
        "pulled": scored.pulled,
        "  already labelled": scored.already_labelled,
        "  empty": scored.empty,
        "  dropped by steps": scored.dropped_by_steps,
        "  unreadable": scored.rejected,
        "scored": scored.scored,
        "  dismissed": scored.dismissed,
        "  for review": scored.review,
        "alerts": scored.alerts,
        **({"  before it was resumed": alerts["resumed"]} if alerts["resumed"] else {}),
        "  suppressed": scored.suppressed,
        "  there already": alerts["in_outbox"] + alerts["duplicates"],
        "  written": alerts["written"],
        "  rejected": alerts["refused"],
        "  pending": alerts["pending"],
        "delivered": result.delivered.delivered(),
    }

"""`sftsec score TASK`: detections back into the SIEM."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.events import STDOUT, check_events, events_option
from sftsec_core.cli.options import App, emit, facts, json_option, pass_app

if TYPE_CHECKING:
    from sftsec_core.operations.redeliver import RedeliverResult
    from sftsec_core.operations.score import ScoreResult


@click.command("score", short_help="Score unlabelled incidents and push detections.")
@click.argument("task", shell_complete=complete_task)
@click.option("--rescan", is_flag=True, help="Score everything again, not only what is new.")
@click.option(
    "--redeliver",
    is_flag=True,
    help="Score nothing; push again what was delivered, for a destination that lost it.",
)
@events_option
@json_option
@pass_app
def command(
    app: App, task: str, rescan: bool, redeliver: bool, events: str | None, as_json: bool
) -> None:
    """Score unlabelled incidents with the live model and push detections.

    Starts where the last call ended. Each detection is pushed once: a run that was killed
    resumes when the same command is run again. --redeliver fills an index or a file that was
    lost from the outbox, under the same uids: what is still there is not copied.

    \b
    Examples:
      sftsec score phishing
      sftsec score phishing --rescan --json
      sftsec score phishing --events score.jsonl
      sftsec score phishing --redeliver
    """
    from sftsec_core.cli.live import live_context
    from sftsec_core.operations.redeliver import redeliver as deliver_again
    from sftsec_core.operations.score import score

    if rescan and redeliver:
        raise click.UsageError("--redeliver scores nothing: leave out --rescan")
    check_events(events, as_json=as_json)
    with live_context(app, quiet=as_json, events=events) as context:
        result = deliver_again(context, task) if redeliver else score(context, task, rescan=rescan)
    if events != STDOUT:
        emit(result.to_json(), as_json=as_json, show=facts(_shown(result)))
        app.next("sftsec status", as_json=as_json)


def _shown(result: ScoreResult | RedeliverResult) -> dict[str, object]:
    """The figures for a person, in the order in which they add up: pulled, scored, alerts."""
    from sftsec_core.operations.redeliver import RedeliverResult

    delivered = result.delivered
    if isinstance(result, RedeliverResult):
        return {
            "delivered before": result.reopened,
            "written": delivered.written,
            "there already": delivered.duplicates,
            "rejected": delivered.rejected,
            "pending": delivered.pending,
        }
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
        "delivered": delivered.delivered(),
        **_by_connector(result),
    }


def _by_connector(result: ScoreResult) -> dict[str, object]:
    """What each connector brought and took, where a task has several."""
    if len(result.by_source) < 2:
        return {}
    shown = {
        f"  from {name}": f"{each.pulled:,} pulled, {each.alerts:,} alerts"
        for name, each in result.by_source.items()
    }
    taken = {
        f"  to {name}": f"{each.written:,} written, {each.pending:,} pending"
        for name, each in result.by_destination.items()
    }
    return {**shown, **taken}

"""`sftsec drift show`: what is watched of a task, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.complete import complete_task
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.operations.show_drift import WatchedFigure

_BARS = "▁▂▃▄▅▆▇█"
_MOST_BARS = 24


@click.command("show", short_help="Show the watched figures over time.")
@click.argument("task", shell_complete=complete_task)
@click.option(
    "--days", default=90, show_default=True, type=click.IntRange(1, 36500), help="How far back."
)
@json_option
@pass_app
def command(app: App, task: str, days: int, as_json: bool) -> None:
    """Show what is watched of a task: its latest value, its interval, and its course.

    input_drift and score_drift are multiples of the least effect that counts; label_shift is the
    share of labels that has moved; estimated_macro_f1 is estimated without verdicts,
    live_precision is of the detections that analysts have judged, live_recall of these and of
    random draws among what raised no alert (`recall_sample` of the task).

    \b
    Examples:
      sftsec drift show phishing
      sftsec drift show phishing --days 7 --json
    """
    from datetime import timedelta

    from sftsec_core.operations.show_drift import show_drift

    with app.context() as context:
        found = show_drift(context, task, within=timedelta(days=days))
    rows = [_row(each) for each in found]
    columns = ("figure", "value", "from", "to", "of", "at", "course")
    show = table(f"{task}: {days} days", columns, rows)
    emit([each.to_json() for each in found], as_json=as_json, show=show)
    if not found:
        app.next(f"sftsec drift check {task}", as_json=as_json)


def _row(found: WatchedFigure) -> tuple[str, ...]:
    last = found.latest
    return (
        found.name,
        f"{last.value:.3f}",
        "-" if last.low is None else f"{last.low:.3f}",
        "-" if last.high is None else f"{last.high:.3f}",
        "-" if last.count is None else f"{last.count:,}",
        f"{last.at:%Y-%m-%d %H:%M}",
        sparkline([each.value for each in found.values]),
    )


def sparkline(values: Sequence[float]) -> str:
    """Draw the last values as bars, from the least to the most of them."""
    shown = list(values)[-_MOST_BARS:]
    low, span = min(shown), max(shown) - min(shown)
    if span == 0:
        return _BARS[0] * len(shown)
    return "".join(_BARS[round((each - low) / span * (len(_BARS) - 1))] for each in shown)

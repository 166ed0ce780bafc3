"""`sftsec bench drift`: how often drift is found where it is, and where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console


@click.command("drift", short_help="Measure false alarms and found drifts.")
@click.option("--events", default=100_000, show_default=True, type=click.IntRange(1000))
@click.option("--window", default=500, show_default=True, type=click.IntRange(100, 100_000))
@click.option(
    "--false-alarms",
    default=1e-6,
    show_default=True,
    type=click.FloatRange(0, 1e-3, min_open=True),
    help="How many an event may cost.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option(
    "--sites",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of train|dev|test.jsonl.gz whose records name an organization.name.",
)
@click.option(
    "--estimate",
    "streams",
    multiple=True,
    metavar="DIRECTORY",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of train|dev|test.jsonl.gz whose records have an @timestamp; repeatable.",
)
@click.option(
    "--periods",
    default=10,
    show_default=True,
    type=click.IntRange(2, 100),
    help="How many a stream to estimate is cut into.",
)
@json_option
@pass_app
def command(  # noqa: PLR0913, PLR0917 - an option each
    app: App,
    events: int,
    window: int,
    false_alarms: float,
    seed: int,
    sites: Path | None,
    streams: tuple[Path, ...],
    periods: int,
    as_json: bool,
) -> None:
    """Simulate a stream with and without a drift, and count the windows that raise an alarm.

    The drift is a fifth of events that are foreign in their texts, categories, numbers or scores.
    With --sites, each site is the reference of each other one too. With --estimate, a model is
    made of what came before each of the later half of the periods; its macro-F1 there is estimated
    without verdicts, and compared with the true one.

    \b
    Examples:
      sftsec bench drift
      sftsec bench drift --sites ./alerts --json
      sftsec bench drift --estimate ./alerts --estimate ./cards
    """
    from sftsec_core.bench.drift import run_drift_bench
    from sftsec_core.bench.estimate import estimate_bench

    app.say(f"simulating {events:,} events")
    result = run_drift_bench(events, window, false_alarms, seed, sites)
    estimates = []
    for folder in streams:
        for each in estimate_bench(folder, periods, seed):
            app.say(f"{folder}: period {each['period']} of {periods}")
            estimates.append(each)
    shown = [_alarms(result["rows"])] + ([_estimates(estimates)] if estimates else [])

    def show(out: Console) -> None:
        for each in shown:
            each(out)

    emit({**result, "estimates": estimates}, as_json=as_json, show=show)


def _alarms(found: Sequence[Mapping[str, Any]]) -> Callable[[Console], None]:
    rows = [
        (
            each["stream"],
            each["drift"] or "none",
            f"{each['windows']:,}",
            f"{each['events']:,}",
            f"{each['alarms']:,}",
            f"{each['found']:.1%}",
        )
        for each in found
    ]
    columns = ("stream", "drift", "windows", "events", "alarms", "of windows")
    return table("drift", columns, rows)


def _estimates(found: Sequence[Mapping[str, Any]]) -> Callable[[Console], None]:
    rows = [
        (
            each["stream"],
            str(each["period"]),
            f"{each['events']:,}",
            f"{each['attacks']:,}",
            _percent(each["estimated"]),
            f"{_percent(each['low'])} to {_percent(each['high'])}",
            _percent(each["true"]),
            "yes" if each["near"] else "no",
            "yes" if each["covered"] else "no",
        )
        for each in found
    ]
    columns = ("stream", "period", "events", "attacks", "estimated", "interval", "true")
    return table("macro-F1 without verdicts", (*columns, "within 3", "covered"), rows)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"

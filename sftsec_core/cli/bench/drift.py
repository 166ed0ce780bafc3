"""`sftsec bench drift`: how often drift is found where it is, and where it is not."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table


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
@json_option
@pass_app
def command(
    app: App,
    events: int,
    window: int,
    false_alarms: float,
    seed: int,
    sites: Path | None,
    as_json: bool,
) -> None:
    """Simulate a stream with and without a drift, and count the windows that raise an alarm.

    The drift is a fifth of events that are foreign in their texts, categories, numbers or scores.
    With --sites, each site is the reference of each other one too.

    \b
    Examples:
      sftsec bench drift
      sftsec bench drift --sites ./alerts --json
    """
    from sftsec_core.bench.drift import run_drift_bench

    app.say(f"simulating {events:,} events")
    result = run_drift_bench(events, window, false_alarms, seed, sites)
    rows = [
        (
            each["stream"],
            each["drift"] or "none",
            f"{each['windows']:,}",
            f"{each['events']:,}",
            f"{each['alarms']:,}",
            f"{each['found']:.1%}",
        )
        for each in result["rows"]
    ]
    columns = ("stream", "drift", "windows", "events", "alarms", "of windows")
    emit(result, as_json=as_json, show=table("drift", columns, rows))

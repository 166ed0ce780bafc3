"""`sftsec schedule simulate`: the calendar of the days to come."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from rich.console import Console

    from sftsec_core.operations.simulate_schedules import SimulatedRun, Simulation


@click.command("simulate", short_help="Print the calendar of the days to come.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366))
@click.option("--from", "start", help="From this time on; default: now.")
@click.option("--timezone", "zone", default="UTC", show_default=True, help="Of what is printed.")
@json_option
@pass_app
def command(app: App, days: int, start: str | None, zone: str, as_json: bool) -> None:
    """Print what would run in the days to come, and the GPU hours that it would take.

    A run takes the median of past ones, and as many GPU hours as they leased, or its length on the
    GPUs that its schedule asks for. Verdicts are taken
    to come in as in the last 30 days, and retrainings to end in a promotion. Nothing is queued.

    \b
    Examples:
      sftsec schedule simulate
      sftsec schedule simulate --days 7 --timezone Europe/Berlin --json
    """
    from zoneinfo import ZoneInfo

    from sftsec_core.cli.schedule.shown import read_moment
    from sftsec_core.operations.simulate_schedules import simulate_schedules

    try:
        shown_in = ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise click.BadParameter(f"{zone!r} is no time zone: write Europe/Berlin") from error
    moment = read_moment(start, zone)
    with app.context() as context:
        found = simulate_schedules(context, days=days, start=moment)
    emit(found.to_json(), as_json=as_json, show=lambda out: _show(out, found, shown_in))


def _show(out: Console, found: Simulation, zone: ZoneInfo) -> None:
    def day(run: SimulatedRun) -> date:
        return run.starts_at.astimezone(zone).date()

    rows = []
    for date_, runs in groupby(found.runs, key=day):
        for number, run in enumerate(runs):
            start, end = run.starts_at.astimezone(zone), run.ends_at.astimezone(zone)
            shown = f"{date_:%a %Y-%m-%d}" if number == 0 else ""
            took = f"{start:%H:%M}-{end:%H:%M} {start:%Z}"
            what = " ".join(filter(None, (run.run, run.task)))
            rows.append((shown, took, run.schedule, what, f"{run.gpu_hours:.2f}", run.reason))
    columns = ("day", "time", "schedule", "runs", "GPU h", "reason")
    table("calendar", columns, rows)(out)
    out.print(f"{len(found.runs)} runs, {found.gpu_hours:.2f} GPU hours")
    for name, count in found.skipped.items():
        out.print(f"{name}: {count} more become no run (catch_up, window)")
    for note in found.notes:
        out.print(note)

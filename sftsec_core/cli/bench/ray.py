"""`sftsec bench ray`: training and scoring on a cluster of this machine, with kills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console


@click.command("ray", short_help="Measure training and scoring on a Ray cluster.")
@click.option(
    "--rows",
    default=1_000_000,
    show_default=True,
    type=click.IntRange(10),
    help="Made-up incidents that are scored; a tenth of them for the comparison of workers.",
)
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Of the second node, a processor each.",
)
@json_option
@pass_app
def command(app: App, rows: int, workers: int, as_json: bool) -> None:
    """Train and score on a Ray cluster of two nodes, which are processes of this machine.

    A linear model is trained here, on the cluster, with the worker killed before the first event,
    in training and while its results travel back, and with its node killed: all have one digest.
    Made-up incidents are scored by `sftsec predict --lines` and by `sftsec ray score`, with the
    memory that it takes. It needs the extra `ray`.

    \b
    Examples:
      sftsec bench ray
      sftsec bench ray --rows 100000 --json
    """
    from sftsec_core.bench.ray import RayPlan, run_ray_bench

    result = run_ray_bench(RayPlan(rows, workers), app.say)

    def show(out: Console) -> None:
        trained = [
            (
                each["case"],
                str(each["workers"]),
                f"{each['seconds']:.1f}",
                "yes" if each["same"] else "no",
            )
            for each in result["trained"]
        ]
        table("training", ("case", "workers", "seconds", "same digest"), trained)(out)
        scored = [
            (
                each["case"],
                *(f"{each[name]:,.0f}" for name in ("rows", "seconds", "rows_per_s")),
                *(f"{each[name]:,.0f}" for name in ("largest_mb", "private_mb")),
            )
            for each in result["scored"]
        ]
        columns = ("case", "rows", "seconds", "rows a second", "largest process, MB", "all, MB")
        table("scoring", columns, scored)(out)

    emit(result, as_json=as_json, show=show)

"""`sftsec bench fairness`: how surely gaps between groups are found, and what narrows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console


@click.command("fairness", short_help="Measure how gaps between groups are found and narrowed.")
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="DIRECTORY...",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--seeds", default=3, show_default=True, type=click.IntRange(1, 20), help="Of each measurement."
)
@click.option(
    "--draws",
    default=100,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Of groups at random, and of each planted gap.",
)
@click.option(
    "--gap",
    "gaps",
    multiple=True,
    type=click.FloatRange(0, 1, min_open=True),
    metavar="SHARE",
    default=(0.1, 0.15, 0.2, 0.3),
    show_default=True,
    help="Of recall, planted in a model's answers; repeatable.",
)
@click.option("--limit", type=click.IntRange(100), help="Rows of each part at most.")
@json_option
@pass_app
def command(
    app: App,
    folders: tuple[Path, ...],
    seeds: int,
    draws: int,
    gaps: tuple[float, ...],
    limit: int | None,
    as_json: bool,
) -> None:
    """Plant a gap between two offices, and see whether the plugin `fair` finds and narrows it.

    Groups drawn at random have none. In training, an office whose attacks are rare among its
    incidents makes a model blind to them; the same is trained undefended, with `reweigh`, with
    `group_threshold`, and with both. DIRECTORY holds train|dev|test.jsonl.gz with a benign label.

    \b
    Examples:
      sftsec bench fairness ./prompt_injection
      sftsec bench fairness ./urls ./commands --limit 3000 --json
    """
    from sftsec_core.bench.fairness import FairnessPlan, run_fairness_bench

    plan = FairnessPlan(folders, range(1, seeds + 1), draws, gaps, limit)
    result = run_fairness_bench(plan, app.say)

    def show(out: Console) -> None:
        _found(result["found"], out)
        _trained(result["trained"], out)

    emit(result, as_json=as_json, show=show)


def _found(rows: Sequence[Mapping[str, Any]], out: Console) -> None:
    shown = [
        (
            each["data"],
            f"{each['gap']:.0%}" if each["gap"] else "none: shuffled",
            f"{each['attacks']:,.0f}",
            f"{each['found']:,} of {each['draws']:,}",
        )
        for each in rows
    ]
    columns = ("data", "gap of recall", "attacks of the group", "a gap was named")
    table("how surely a gap is found", columns, shown)(out)


def _trained(rows: Sequence[Mapping[str, Any]], out: Console) -> None:
    shown = [
        (
            each["data"],
            str(each["seed"]),
            each["defence"],
            *(f"{100 * each[name]:.1f}" for name in ("macro_f1", "gap", "recall", "fpr")),
            f"{100 * each['rest_recall']:.1f}",
            f"{100 * each['rest_fpr']:.1f}",
            "yes" if each["named"] else "no",
            "approves" if each["approved"] else "rejects",
        )
        for each in rows
    ]
    columns = ("data", "seed", "defence", "macro-F1", "gap", "recall", "false alarms")
    more = ("rest's recall", "rest's false alarms", "named", "max_group_gap")
    table("what narrows a planted gap, in %", (*columns, *more), shown)(out)

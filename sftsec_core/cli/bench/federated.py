"""`sftsec bench federated`: one model of several sites, beside pooled, alone and under attack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

_METHODS = ("mean", "reviewed", "trimmed_mean", "median", "krum")
_ATTACKS = ("none", "flip", "x10", "x-10", "x100")


@click.command("federated", short_help="Measure one model of several sites, one of them hostile.")
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="DIRECTORY...",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 20))
@click.option(
    "--sites",
    default=6,
    show_default=True,
    type=click.IntRange(2, 50),
    help="That a folder is split over whose rows name none.",
)
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 100))
@click.option(
    "--method",
    "methods",
    multiple=True,
    default=("mean", "reviewed"),
    show_default=True,
    type=click.Choice(_METHODS),
    help="Of joining; repeatable. mean has no defence.",
)
@click.option(
    "--attack",
    "attacks",
    multiple=True,
    default=("none", "flip", "x-10"),
    show_default=True,
    type=click.Choice(_ATTACKS),
    help="Of the largest site: turned labels, or its update so many times; repeatable.",
)
@json_option
@pass_app
def command(
    app: App,
    folders: tuple[Path, ...],
    seeds: int,
    sites: int,
    rounds: int,
    methods: tuple[str, ...],
    attacks: tuple[str, ...],
    as_json: bool,
) -> None:
    """Train one model over several sites as processes over TLS, one of them hostile.

    Beside it stand the same head on all rows together and on each site's alone. DIRECTORY holds
    train|dev|test.jsonl.gz with two labels, one benign. Where each row has an
    organization.name, that is its site, and a quarter of each site's
    rows is held out; else rows are spread over --sites.

    \b
    Examples:
      sftsec bench federated ./ait_alerts ./sms_spam
      sftsec bench federated ./sms_spam --sites 4 --seeds 1 --method krum --attack flip --json
    """
    from sftsec_core.bench.federated import FederatedPlan, run_federated_bench

    plan = FederatedPlan(folders, range(1, seeds + 1), sites, attacks, methods, rounds)
    result = run_federated_bench(plan, app.say)
    emit(result, as_json=as_json, show=lambda out: _show(result["rows"], out))


def _show(rows: Sequence[Mapping[str, Any]], out: Console) -> None:
    shown = [
        (
            each["data"],
            str(each["seed"]),
            each["method"],
            each["attack"],
            f"{each['average_precision']:.4f}",
            f"{each['mean_of_sites']:.4f}",
            f"{each['bytes_sent']:,}" if "bytes_sent" in each else "",
            f"{each['bytes_received']:,}" if "bytes_received" in each else "",
            f"{each['wall_s']:.1f}" if "wall_s" in each else "",
        )
        for each in rows
    ]
    columns = ("data", "seed", "model", "attack", "average precision", "mean of sites")
    more = ("bytes sent", "bytes received", "seconds")
    table("one model of several sites; bytes are one site's", (*columns, *more), shown)(out)

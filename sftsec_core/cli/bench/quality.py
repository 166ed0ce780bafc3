"""`sftsec bench quality`: recipes on labelled data, side by side."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

KEYS = (
    "dataset", "recipe", "n_train", "n_test", "macro_f1", "f1", "average_precision",
    "tpr_at_fpr_0.001", "tpr_at_fpr_0.01", "fit_s", "score_per_s", "peak_rss_mb",
)  # fmt: skip


@click.command("quality")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-r", "--recipe", "recipes", multiple=True, default=("linear", "hybrid"))
@click.option("--limit-train", type=click.IntRange(2), help="Draw so many training rows.")
@click.option("--seed", "seeds", multiple=True, type=int, default=(13,), show_default=True)
@click.option("--budget", default="10m", show_default=True, help="Time to train, for auto.")
@json_option
@pass_app
def command(
    app: App,
    folders: tuple[Path, ...],
    recipes: tuple[str, ...],
    limit_train: int | None,
    seeds: tuple[int, ...],
    budget: str,
    as_json: bool,
) -> None:
    r"""Fit recipes on folders of train|dev|test.jsonl.gz and measure them on test.

    Each runs in a process of its own, so that the peak of memory is its own. Fractions are 0 to
    1; f1 and what follows are of the attack side, and are empty where a set has no benign class.

    \b
    Examples:
      sftsec bench quality data/sms_spam data/slp_shell -r linear -r hybrid
      sftsec bench quality data/* -r auto --budget 10m --json
      sftsec bench quality data/sms_spam --limit-train 128 --seed 1 --seed 2 --seed 3
    """
    from sftsec_core.bench.quality import run_quality_bench
    from sftsec_core.config.models import parse_duration

    try:
        limit = parse_duration(budget)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--budget") from error
    rows = []
    for row in run_quality_bench(
        folders, recipes, limit_train=limit_train, seeds=seeds, budget=limit
    ):
        rows.append(row)
        app.say(f"{row['dataset']} {row['recipe']}: macro-F1 {row['macro_f1']:.4f}")
    cells = [[row[key] for key in KEYS] for row in rows]
    emit(rows, as_json=as_json, show=table("quality on test", KEYS, cells))

"""`sftsec bench quality`: recipes on labelled data, side by side."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from sftsec_core.cli.complete import complete_recipe
from sftsec_core.cli.options import App, duration, emit, json_option, pass_app, table

KEYS = (
    "dataset", "recipe", "n_train", "n_dev", "n_unlabelled", "n_test", "macro_f1", "f1",
    "average_precision", "tpr_at_fpr_0.001", "tpr_at_fpr_0.01", "fit_s", "fit_cpu_s", "score_per_s",
    "peak_rss_mb",
)  # fmt: skip


@click.command("quality", short_help="Compare recipes on labelled data.")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-r",
    "--recipe",
    "recipes",
    multiple=True,
    default=("linear", "hybrid"),
    shell_complete=complete_recipe,
)
@click.option(
    "--limit-train", type=click.IntRange(2), help="Draw so many labelled rows in all, and no dev."
)
@click.option(
    "--unlabelled",
    type=click.IntRange(0),
    default=0,
    help="With --limit-train: self-training reads so many of the other rows without their labels; "
    "a row more each.",
)
@click.option("--seed", "seeds", multiple=True, type=int, default=(13,), show_default=True)
@click.option(
    "--budget",
    metavar="DURATION",
    type=duration,
    default="10m",
    show_default=True,
    help="Time to train one model.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Add each row to this file of JSON lines; what it has, of any version, is not measured "
    "again.",
)
@json_option
@pass_app
def command(  # noqa: PLR0913, PLR0917 - an option each
    app: App,
    folders: tuple[Path, ...],
    recipes: tuple[str, ...],
    limit_train: int | None,
    seeds: tuple[int, ...],
    unlabelled: int,
    budget: timedelta,
    output: Path | None,
    as_json: bool,
) -> None:
    """Fit recipes on folders of train|dev|test.jsonl.gz and measure them on test.

    Each runs in a process of its own, so that the peak of memory is its own. Fractions are 0 to
    1; f1 and what follows are of the attack side, and are empty where a set has no benign class.

    \b
    Examples:
      sftsec bench quality data/sms_spam data/slp_shell -r linear -r hybrid
      sftsec bench quality data/* -r auto --budget 10m --json
      sftsec bench quality data/sms_spam --limit-train 128 --seed 1 --seed 2 --seed 3
      sftsec bench quality data/* -r auto --limit-train 32 --unlabelled 5000 --output rows.jsonl
    """
    from sftsec_core.api.contracts import RecipeSpec
    from sftsec_core.bench.measured_rows import MeasuredRows
    from sftsec_core.bench.quality import plan_runs, run_quality_bench
    from sftsec_core.plugins import get

    if unlabelled and limit_train is None:
        raise click.UsageError("--unlabelled takes rows that --limit-train leaves: give both")
    known = app.plugins().specs(RecipeSpec)
    chosen = [get("recipe", name, known) for name in recipes]
    runs = plan_runs(
        folders,
        chosen,
        limit_train=limit_train,
        unlabelled=unlabelled,
        seeds=seeds,
        budget=budget,
    )
    rows = []
    for row in run_quality_bench(
        runs,
        MeasuredRows.read(output),
        lambda run: app.say(f"{run.folder.name}: {run.recipe.name}, seed {run.seed}"),
    ):
        rows.append(row)
        app.say(f"  macro-F1 {row['macro_f1']:.4f} after {row['fit_s']:.1f} s")
    cells = [[row[key] for key in KEYS] for row in rows]
    emit(rows, as_json=as_json, show=table("quality on test", KEYS, cells))

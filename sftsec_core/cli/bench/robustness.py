"""`sftsec bench robustness`: recall when attacks are disguised, undefended beside defended."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.complete import complete_recipe
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

_COLUMNS = (
    *("dataset", "seed", "arm", "macro-F1", "recall", "false alarms"),
    *("recall under attack", "of the recall", "unseen attacks"),
)
_SHARES = ("macro_f1", "recall", "fpr", "recall_attacked", "retained", "retained_unseen")


@click.command("robustness", short_help="Measure recall when attacks are disguised.")
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="DIRECTORY...",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 100))
@click.option(
    "--queries",
    default=50,
    show_default=True,
    type=click.IntRange(1, 5000),
    help="Questions to the model for each attack.",
)
@click.option(
    "--rows",
    default=100,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Attacks that are rewritten, at most.",
)
@click.option(
    "--limit-train",
    type=click.IntRange(10),
    help="Training rows, drawn at random; default: all.",
)
@click.option(
    "--limit-test",
    default=4000,
    show_default=True,
    type=click.IntRange(10),
    help="Rows of dev and of test, at most.",
)
@click.option(
    "--recipe",
    default="linear",
    show_default=True,
    shell_complete=complete_recipe,
    help="The undefended recipe.",
)
@click.option(
    "--defended",
    default="hardened",
    show_default=True,
    shell_complete=complete_recipe,
    help="The defended recipe.",
)
@json_option
@pass_app
def command(  # noqa: PLR0913, PLR0917 - an option each
    app: App,
    folders: tuple[Path, ...],
    seeds: int,
    queries: int,
    rows: int,
    limit_train: int | None,
    limit_test: int,
    recipe: str,
    defended: str,
    as_json: bool,
) -> None:
    """Rewrite detected attacks so that they still work, and count those that are still detected.

    Each folder holds train|dev|test.jsonl.gz and is retrained twice: with a recipe as it is, and
    with a hardened one at the rate of false alarms that the first had on dev. The search asks the
    model at most --queries times for each attack; attacks that no defence was made from are
    searched apart. It takes the plugin robust and its extra: pip install 'sftsec[robust]'.

    \b
    Examples:
      sftsec bench robustness data/sms_spam
      sftsec bench robustness data/* --seeds 1 --limit-train 8000 --json
    """
    from sftsec_core.bench.robustness import RobustnessPlan, run_robustness_bench

    plan = RobustnessPlan(
        queries=queries,
        rows=rows,
        limit_train=limit_train,
        limit_test=limit_test,
        recipe=recipe,
        defended=defended,
    )
    found = []
    for row in run_robustness_bench(folders, range(1, seeds + 1), plan, on_start=app.say):
        found.append(row)
        app.say(f"  {row['retained']:.0%} of {row['rows']:,} attacks are still detected")
    cells = [
        (row["dataset"], str(row["seed"]), row["arm"], *(f"{row[key]:.1%}" for key in _SHARES))
        for row in found
    ]
    emit(found, as_json=as_json, show=table("disguised attacks", _COLUMNS, cells))

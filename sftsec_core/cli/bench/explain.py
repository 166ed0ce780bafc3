"""`sftsec bench explain`: whether explanations tell what a model goes by."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.complete import complete_recipe
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

KEYS = (
    "dataset", "seed", "method", "explained", "deletion", "occlusion_deletion", "random_deletion",
    "insertion", "occlusion_insertion", "random_insertion", "randomised", "score_ms", "explain_ms",
    "time_ratio",
)  # fmt: skip


@click.command("explain", short_help="Measure whether explanations tell what a model goes by.")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-r", "--recipe", default="linear", show_default=True, shell_complete=complete_recipe)
@click.option("--rows", type=click.IntRange(1), default=100, show_default=True, help="Texts.")
@click.option("--limit-train", type=click.IntRange(2), help="Draw so many training rows.")
@click.option("--seeds", "seeds", multiple=True, type=int, default=(1, 2, 3), show_default=True)
@json_option
@pass_app
def command(
    app: App,
    folders: tuple[Path, ...],
    recipe: str,
    rows: int,
    limit_train: int | None,
    seeds: tuple[int, ...],
    as_json: bool,
) -> None:
    """Fit a recipe on folders of train|dev|test.jsonl.gz and measure explanations of attacks.

    Areas are 0 to 1: deletion better when lower, insertion when higher; beside them words in random
    order, and occlusion at the same cost. `randomised` is the rank correlation with a model of
    permuted weights; `time_ratio` the time to score with explanations by that without.

    \b
    Examples:
      sftsec bench explain data/sms_spam data/prompt_injection
      sftsec bench explain data/sms_spam -r full --rows 30 --limit-train 400 --seeds 1
    """
    from sftsec_core.api.contracts import RecipeSpec
    from sftsec_core.bench.explain import run_explain_bench
    from sftsec_core.plugins import get

    chosen = get("recipe", recipe, app.plugins().specs(RecipeSpec))
    found = []
    for row in run_explain_bench(folders, chosen, seeds=seeds, rows=rows, limit=limit_train):
        app.say(f"{row['dataset']}, seed {row['seed']}: deletion {row['deletion']:.3f}")
        found.append(row)
    cells = [[row[key] for key in KEYS] for row in found]
    emit(found, as_json=as_json, show=table("explanations", KEYS, cells))

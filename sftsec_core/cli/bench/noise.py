"""`sftsec bench noise`: wrong labels in training data, undefended and defended."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.complete import complete_recipe
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

_COLUMNS = (
    "dataset", "flipped", "seed", "macro-F1 clean", "lost undefended", "lost defended",
    "lost unflipped", "found", "taken",
)  # fmt: skip


@click.command("noise", short_help="Flip labels of training data, and defend it.")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--label", "labels", multiple=True, help="Whose rows; default: each in turn.")
@click.option(
    "--share",
    type=click.FloatRange(0, 1),
    default=0.2,
    show_default=True,
    help="Of the label's training rows.",
)
@click.option("-r", "--recipe", default="linear", show_default=True, shell_complete=complete_recipe)
@click.option(
    "--judge",
    type=click.Choice(["linear", "hybrid"]),
    default="linear",
    show_default=True,
    help="What judges labels in the defence: hybrid reads vectors, takes some times as long.",
)
@click.option("--seed", "--seeds", "seeds", multiple=True, type=int, default=(1, 2, 3))
@json_option
@pass_app
def command(
    app: App,
    folders: tuple[Path, ...],
    labels: tuple[str, ...],
    share: float,
    recipe: str,
    judge: str,
    seeds: tuple[int, ...],
    as_json: bool,
) -> None:
    """Flip labels of the training part of folders of train|dev|test.jsonl.gz.

    Lost: points of macro-F1 on test, against a model of the labels as they are; by the flips,
    by what is left of them after the transform `label_errors`, and by the transform where nothing
    was flipped. Found: flipped rows that it takes away; taken: others. Nothing is written.

    \b
    Examples:
      sftsec bench noise data/sms_spam data/command_injection
      sftsec bench noise data/sms_spam --label ham --share 0.1 --seed 1 --json
      sftsec bench noise data/prompt_injection --judge hybrid
    """
    from sftsec_core.bench.noise import run_noise_bench

    rows = list(
        run_noise_bench(
            folders,
            labels=labels,
            share=share,
            recipe=recipe,
            judge=judge,
            seeds=seeds,
            on_start=app.say,
        )
    )
    cells = [
        (
            row["dataset"],
            f"{row['flipped']:,} {row['label']} of {row['rows']:,}",
            str(row["seed"]),
            f"{100 * row['macro_f1_clean']:.1f}",
            *(f"{row[f'lost_{n}']:.1f}" for n in ("undefended", "defended", "unflipped")),
            *(f"{row[name]:,}" for name in ("found", "taken")),
        )
        for row in rows
    ]
    emit(rows, as_json=as_json, show=table("wrong labels", _COLUMNS, cells))

"""`sftsec bench cascade`: what a cascade wins in speed and loses in quality."""

from __future__ import annotations

from pathlib import Path

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

_COLUMNS = (
    "dataset", "seed", "passed on", "macro-F1 encoder", "lost int8", "lost cascade",
    "lost both", "pipeline/s", "encoder", "int8", "cascade", "both",
)  # fmt: skip
_MODELS = ("encoder_int8", "cascade", "cascade_int8")


@click.command("cascade", short_help="Measure a cascade beside its encoder and a pipeline.")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--seed", "--seeds", "seeds", multiple=True, type=int, default=(1,))
@click.option(
    "--limit-train",
    type=click.IntRange(2),
    default=3000,
    show_default=True,
    help="Labelled rows to train on, at most.",
)
@click.option(
    "--rows",
    type=click.IntRange(48),
    default=2000,
    show_default=True,
    help="Of test that are scored, and of dev, at most.",
)
@json_option
@pass_app
def command(
    app: App,
    folders: tuple[Path, ...],
    seeds: tuple[int, ...],
    limit_train: int,
    rows: int,
    as_json: bool,
) -> None:
    """Train the recipe `cascade` on folders of train|dev|test.jsonl.gz and score their test.

    Lost: points of macro-F1 on test against the encoder alone, by 8 bits, by the cascade and by
    both. The last four columns are ratios to a transformers pipeline of the same encoder, which
    scores an eighth of the texts; the sides take turns. It needs the extras train and onnx.

    \b
    Examples:
      sftsec bench cascade data/sms_spam data/phishcrawl_urls
      sftsec bench cascade data/sms_spam --limit-train 1000 --seed 1 --seed 2 --json
    """
    from sftsec_core.bench.cascade import run_cascade_bench
    from sftsec_core.bench.score import PIPELINE

    found = list(
        run_cascade_bench(folders, seeds=seeds, limit=limit_train, rows=rows, on_start=app.say)
    )
    cells = [
        (
            row["dataset"],
            str(row["seed"]),
            f"{row['passed_on']:.1%}",
            f"{100 * row['macro_f1']['encoder']:.1f}",
            *(f"{row['lost'][name]:.2f}" for name in _MODELS),
            f"{row['rows_per_s'][PIPELINE]:.0f}",
            *(f"{row['ratio'][name]:.1f}" for name in ("encoder", *_MODELS)),
        )
        for row in found
    ]
    emit(found, as_json=as_json, show=table("cascade", _COLUMNS, cells))

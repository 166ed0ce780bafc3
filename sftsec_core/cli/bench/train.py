"""`sftsec bench train`: how fast an encoder is trained here, beside transformers' Trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = ("side", "rows_per_s", "ratio", "mfu", "seconds", "cpu_s", "peak_gib")


@click.command("train", short_help="Measure training of an encoder, beside transformers' Trainer.")
@click.option(
    "--kind",
    default="urls",
    show_default=True,
    type=click.Choice(["urls", "scripts"]),
    help="Synthetic texts: short ones, or long ones.",
)
@click.option(
    "--shape",
    default="bert-base",
    show_default=True,
    type=click.Choice(["bert-base", "minilm"]),
    help="Size of the encoder; its weights are random.",
)
@click.option(
    "--rows",
    type=click.IntRange(64),
    help="Examples. Default: 100,000 URLs or 20,000 scripts; on a CPU a fiftieth.",
)
@click.option(
    "--batch-tokens",
    type=click.IntRange(64),
    help="Tokens a step on a GPU. Default: what the recipe chooses, few for a single epoch.",
)
@click.option("--defaults", is_flag=True, help="Measure the Trainer with its defaults too.")
@json_option
@pass_app
def command(
    app: App,
    kind: str,
    shape: str,
    rows: int | None,
    batch_tokens: int | None,
    defaults: bool,
    as_json: bool,
) -> None:
    """Train one epoch of synthetic texts with `full`, and with transformers' Trainer.

    Each side goes from texts in memory to a model in memory. The tuned Trainer computes in
    bfloat16 where there is a GPU, in batches of 256 texts of like length; on a CPU in float32, in
    batches of 32. A CPU that multiplies bfloat16 runs ours and the Trainer in either.

    \b
    What is printed, and the keys of --json:
      rows_per_s  examples a second
      ratio       to the tuned Trainer's
      cpu_s       processor seconds of all threads
      mfu         the model's arithmetic, as a share of a large matrix product measured here
      peak_gib    of the GPU's memory

    \b
    Examples:
      sftsec bench train --kind urls --batch-tokens 65536
      sftsec bench train --kind scripts --shape minilm --rows 500 --json
    """
    from sftsec_core.bench.train import run_train_bench

    result = run_train_bench(kind, shape, rows, batch_tokens, defaults=defaults)

    def show(out: Console) -> None:
        cells = [[side[column] for column in _COLUMNS] for side in result["sides"]]
        table("train", _COLUMNS, cells)(out)
        facts({name: value for name, value in result.items() if name != "sides"})(out)

    emit(result, as_json=as_json, show=show)

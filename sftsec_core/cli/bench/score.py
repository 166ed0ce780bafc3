"""`sftsec bench score`: how fast models score on this CPU, beside what others would use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, emit, facts, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = ("side", "rows", "rows_per_s", "ratio", "cpu_s")


@click.command("score", short_help="Measure scoring, beside a transformers pipeline and others.")
@click.option(
    "--rows", type=click.IntRange(48), default=6000, show_default=True, help="Texts of each side."
)
@click.option("--stream", is_flag=True, help="Texts that repeat, as alerts do: 8% are different.")
@click.option("--no-pipeline", is_flag=True, help="Leave out the pipeline, the slowest side.")
@json_option
@pass_app
def command(app: App, rows: int, stream: bool, no_pipeline: bool, as_json: bool) -> None:
    """Score synthetic URLs with `full`, in 8 bits too, and `linear`, beside what others would use.

    The sides take turns. The pipeline scores an eighth of the texts. It needs the extras train and
    onnx.

    \b
    What is printed, and the keys of --json:
      rows_per_s  texts a second, tokenizing included
      ratio       to the transformers pipeline's
      cpu_s       processor seconds of all threads

    \b
    Examples:
      sftsec bench score
      sftsec bench score --stream --rows 20000 --json
    """
    from sftsec_core.bench.score import run_score_bench

    result = run_score_bench(rows, stream=stream, pipeline=not no_pipeline)

    def show(out: Console) -> None:
        cells = [[side[column] for column in _COLUMNS] for side in result["sides"]]
        table("score", _COLUMNS, cells)(out)
        facts({name: value for name, value in result.items() if name != "sides"})(out)

    emit(result, as_json=as_json, show=show)

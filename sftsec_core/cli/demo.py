"""`sftsec demo`: the whole loop, on a generated stream or on real labelled data."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app

if TYPE_CHECKING:
    from rich.console import Console

    from sftsec_core.demo.run import DemoResult


@click.command("demo", short_help="Run the whole loop on a generated stream.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of train|dev|test.jsonl.gz in place of the generated stream.",
)
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Where to work.")
@click.option("--rows", default=2400, show_default=True, type=click.IntRange(400))
@click.option("--seed", default=7, show_default=True)
@click.option("--budget", default="2m", show_default=True, help="Time to train, with --data.")
@json_option
@pass_app
def command(
    app: App,
    data: Path | None,
    output: Path | None,
    rows: int,
    seed: int,
    budget: str,
    as_json: bool,
) -> None:
    """Pull, retrain, gate, promote, score and push, in a temporary folder.

    It really fine-tunes. The folder stays, with a configuration that the other commands take.

    \b
    Examples:
      sftsec demo
      sftsec demo --data data/sms_spam --budget 5m
      sftsec demo --output /tmp/loop && sftsec -c /tmp/loop/sftsec.yaml model list
    """
    from sftsec_core.api.errors import ConfigError
    from sftsec_core.cli.live import EventDisplay
    from sftsec_core.demo.run import run_demo
    from sftsec_core.demo.source import from_data, from_stream
    from sftsec_core.operations.authorize import local_admin

    folder = output or Path(tempfile.mkdtemp(prefix="sftsec-demo-"))
    if (folder / "sftsec.yaml").exists():
        raise ConfigError(f"{folder} holds a demo already; name another folder with --output")
    folder.mkdir(parents=True, exist_ok=True)
    if data is None:
        source = from_stream(folder, rows=rows, open_rows=rows // 4, seed=seed)
    else:
        source = from_data(folder, data, budget=budget)
    with EventDisplay(quiet=app.quiet or as_json) as display:
        result = run_demo(source, actor=local_admin("cli"), sinks=(display,))
    emit(result.to_json(), as_json=as_json, show=lambda out: _show(out, result))


def _show(out: Console, result: DemoResult) -> None:
    from sftsec_core.cli.options import facts
    from sftsec_core.cli.retrain import show_result

    show_result(out, result.retrained)
    if result.scored is None:
        out.print("The promotion gate rejected every model: nothing was promoted or scored.")
        out.print("The report says why.")
    else:
        facts(result.scored)(out)
    out.print(f"next    sftsec -c {result.config} model list", soft_wrap=True)

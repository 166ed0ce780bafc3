"""`sftsec bench start`: how long commands take that have little to do."""

from __future__ import annotations

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

_COLUMNS = ("command", "seconds", "fastest_s", "cpu_s", "target_s")


@click.command("start", short_help="Measure commands that have little to do.")
@click.option(
    "--rounds", type=click.IntRange(1), default=5, show_default=True, help="How often each."
)
@json_option
@pass_app
def command(app: App, rounds: int, as_json: bool) -> None:
    """Time `--help`, `config check`, `status` and a `score` that finds nothing new, in turns.

    Each is a process of its own on a small site with a live linear model, made for it.

    \b
    What is printed, and the keys of --json:
      seconds    the median
      fastest_s  the fastest: other work on the machine adds least to it
      cpu_s      processor seconds, the median
      target_s   what it should take at most

    \b
    Examples:
      sftsec bench start
      sftsec bench start --rounds 20 --json
    """
    from sftsec_core.bench.start import run_start_bench

    result = run_start_bench(rounds)
    cells = [[each[column] for column in _COLUMNS] for each in result["commands"]]
    emit(result, as_json=as_json, show=table("start", _COLUMNS, cells))

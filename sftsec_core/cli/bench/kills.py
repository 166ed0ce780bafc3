"""`sftsec bench kills`: what kill -9 costs, beside transformers' Trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = (
    "side",
    "seconds",
    "trainings",
    "kills",
    "lost",
    "twice",
    "different",
    "repeated",
    "stages",
)


@click.command("kills", short_help="Kill trainings at random instants, and resume them.")
@click.option("--kills", default=100, show_default=True, type=click.IntRange(1), help="A side.")
@click.option(
    "--recipe",
    default="full",
    show_default=True,
    type=click.Choice(["full", "linear"]),
    help="What is trained; full is measured beside the Trainer.",
)
@click.option(
    "--checkpoint-every",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="Between two checkpoints of ours; the Trainer saves after each step.",
)
@click.option("--seed", default=0, show_default=True, help="Of the instants.")
@click.option("--alone", is_flag=True, help="Leave transformers' Trainer out.")
@json_option
@pass_app
def command(
    app: App,
    kills: int,
    recipe: str,
    checkpoint_every: float,
    seed: int,
    alone: bool,
    as_json: bool,
) -> None:
    """Kill -9 small trainings at random instants and resume each until it is done.

    One training takes some seconds, most of it to import torch; a kill about as much.

    \b
    What is printed, and the keys of --json:
      seconds    of a training that is not killed
      lost       trainings that did not come to their end
      twice      trainings that made or promoted more than one model
      different  trainings that made another model than the one that was not killed
      repeated   share of the training steps that were taken again
      stages     kills by the stage that was under way

    \b
    Examples:
      sftsec bench kills --kills 1000
      sftsec bench kills --kills 20 --recipe linear --json
    """
    from sftsec_core.bench.kills import run_kill_bench

    result = run_kill_bench(
        kills, recipe=recipe, every_s=checkpoint_every, beside=not alone, seed=seed
    )

    def show(out: Console) -> None:
        table("kills", _COLUMNS, [[side[name] for name in _COLUMNS] for side in result["sides"]])(
            out
        )

    emit(result, as_json=as_json, show=show)

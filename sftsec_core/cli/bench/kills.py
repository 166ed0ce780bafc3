"""`sftsec bench kills`: what kill -9 costs, beside transformers' Trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    "steps",
    "repeated",
    "step_s",
    "save_s",
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
@click.option(
    "--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="Trainings at once."
)
@click.option("--alone", is_flag=True, help="Leave transformers' Trainer out.")
@json_option
@pass_app
def command(
    app: App,
    kills: int,
    recipe: str,
    checkpoint_every: float,
    seed: int,
    jobs: int,
    alone: bool,
    as_json: bool,
) -> None:
    """Kill -9 small trainings at random instants and resume each until it is done.

    Each training is killed about ten times, in the phases that are still to come for it: short
    ones as often as long ones. Its processes are forked with their imports done.

    \b
    What is printed, and the keys of --json:
      seconds    of a training that is not killed
      lost       trainings that did not come to their end
      twice      trainings that made or promoted more than one model
      different  trainings that made another model than the one that was not killed
      steps      that the trainings take
      repeated   share of the steps that were begun again
      step_s     seconds of a step, save_s of a checkpoint: the median of the undisturbed training
      phases     kills by the phase that was under way
      again      phases that an earlier process had begun

    A kill repeats the work since the last checkpoint: half of --checkpoint-every on average, and
    at least the step under way. With ten kills in a hundred steps that alone is some percent.

    \b
    Examples:
      sftsec bench kills --kills 1000
      sftsec bench kills --kills 20 --recipe linear --json
    """
    from sftsec_core.api.domain import StageProgressed, StageStarted
    from sftsec_core.bench.kills import run_kill_bench
    from sftsec_core.cli.live import EventDisplay

    with EventDisplay(quiet=app.quiet) as display:

        def tell(side: str, done: int) -> None:
            if not done:
                display(StageStarted(stage="kill", detail=side))
            display(StageProgressed(stage="kill", done=done, total=kills, unit="kills"))

        result = run_kill_bench(
            kills,
            recipe=recipe,
            every_s=checkpoint_every,
            beside=not alone,
            seed=seed,
            jobs=jobs,
            tell=tell,
        )
    emit(result, as_json=as_json, show=lambda out: _show(out, result["sides"]))


def _show(out: Console, sides: list[dict[str, Any]]) -> None:
    table("kills", _COLUMNS, [[side[name] for name in _COLUMNS] for side in sides])(out)
    for side in sides:
        names = sorted({*side["phases"], *side["again"]}, key=lambda name: -_count(side, name))
        rows = [(name, _count(side, name), side["again"].get(name, 0)) for name in names]
        table(f"phases of {side['side']}", ("phase", "kills", "begun again"), rows)(out)


def _count(side: dict[str, Any], phase: str) -> int:
    return int(side["phases"].get(phase, 0))

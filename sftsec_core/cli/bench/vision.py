"""`sftsec bench vision`: log-in pages found by their text, by a hash, by pictures."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command("vision", short_help="Find log-in pages by pictures, text and hash.")
@click.option(
    "--seeds", default=3, show_default=True, type=click.IntRange(1, 100), help="How many sets."
)
@click.option(
    "--families",
    default=24,
    show_default=True,
    type=click.IntRange(10, 500),
    help="Templates of each label; none is in two parts.",
)
@click.option(
    "--pages",
    default=15,
    show_default=True,
    type=click.IntRange(5, 500),
    help="Of each log-in template; an ordinary one has twice as many.",
)
@click.option(
    "--tune",
    default="none",
    show_default=True,
    type=click.Choice(["none", "last", "all"]),
    help="What of the network is fine-tuned.",
)
@json_option
@pass_app
def command(app: App, seeds: int, families: int, pages: int, tune: str, as_json: bool) -> None:
    """Render made-up pages with Chromium, and tell those that ask for a log-in from ordinary ones.

    Figures are of templates that no model has seen, with logos removed, recoloured, cropped and
    resized. Needs Chromium on the path and `sftsec[vision]`. Pages stay in memory.

    \b
    Examples:
      sftsec bench vision --seeds 1
      sftsec bench vision --families 40 --tune last --json
    """
    from sftsec_core.bench.vision import run_vision_bench

    rows = list(
        run_vision_bench(range(1, seeds + 1), families, pages, {"tune": tune}, on_stage=app.say)
    )
    emit({"rows": rows}, as_json=as_json, show=table("log-in pages", _COLUMNS, _shown(rows)))


_COLUMNS = (
    *("model", "recall at 1% FPR", "lowest, highest", "average precision"),
    *("as it is", "no logo", "recoloured", "cropped", "resized", "CPU s"),
)


def _shown(rows: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Means over the seeds, a row a model."""
    shown = []
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == model]
        recall = [row["tpr_at_fpr_0.01"] for row in own]
        variants = [
            f"{100 * mean(row['by_variant'][name] for row in own):.1f}"
            for name in own[0]["by_variant"]
        ]
        shown.append(
            (
                model,
                f"{100 * mean(recall):.1f}",
                f"{100 * min(recall):.1f}, {100 * max(recall):.1f}",
                f"{100 * mean(row['average_precision'] for row in own):.1f}",
                *variants,
                f"{mean(row['fit_cpu_s'] for row in own):.0f}",
            )
        )
    return shown

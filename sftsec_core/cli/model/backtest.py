"""`sftsec model backtest`: train on the past, test on the next period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sftsec_core.cli.complete import complete_recipe, complete_task
from sftsec_core.cli.live import live_context
from sftsec_core.cli.options import App, emit, json_option, pass_app, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console


@click.command("backtest", short_help="Train on the past, test on the next period, and repeat.")
@click.argument("task", shell_complete=complete_task)
@click.option(
    "--recipe", help="A recipe to test beside the baseline.", shell_complete=complete_recipe
)
@click.option(
    "--periods", type=click.IntRange(1, 50), default=5, show_default=True, help="How many."
)
@click.option("--gap", default="0s", show_default=True, help="Time before a period to leave out.")
@click.option("--budget", default="10m", show_default=True, help="Time for all trainings together.")
@json_option
@pass_app
def command(
    app: App,
    task: str,
    recipe: str | None,
    periods: int,
    gap: str,
    budget: str,
    as_json: bool,
) -> None:
    """Train on the past and test on the next period, several times, and show each one's figures.

    It works on the newest data set of the task: `sftsec dataset build` makes one. No model is
    kept. The older half of the labelled incidents is trained on for the first period. What shares
    a text, a cluster or a group with a period is left out of its training.

    \b
    Examples:
      sftsec model backtest phishing
      sftsec model backtest phishing --periods 8 --gap 7d --json
      sftsec model backtest phishing --recipe hybrid --budget 1h
    """
    from sftsec_core.config.load import validate
    from sftsec_core.evaluation.audits import BacktestSettings
    from sftsec_core.operations.backtest import backtest

    options = {"periods": periods, "gap": gap, "budget": budget}
    settings = validate(BacktestSettings, options)
    with live_context(app, quiet=as_json) as context:
        found = backtest(context, task, settings, recipe=recipe)
    emit(found, as_json=as_json, show=lambda out: _show(out, found))


def _show(out: Console, found: Mapping[str, Any]) -> None:
    shown = tuple(dict.fromkeys((found["metric"], "macro_f1", "recall", "fpr")))
    headers = ("from", "to", "train", "test", "recipe", *shown)
    rows = [row for period in found["periods"] for row in _rows(period, shown)]
    table(f"backtest of {found['task']}", headers, rows)(out)


def _rows(period: Mapping[str, Any], shown: Sequence[str]) -> list[tuple[object, ...]]:
    head = tuple(period[name][:16].replace("T", " ") for name in ("begin", "end"))
    sizes = (period["train"], period["test"])
    if "skipped" in period:
        return [(*head, *sizes, f"not fitted: {period['skipped']}", *(None for _ in shown))]
    return [
        (*head, *sizes, name, *(_figure(model, each) for each in shown))
        for name, model in period["models"].items()
    ]


def _figure(model: Mapping[str, Any], name: str) -> str | None:
    found = model["figures"].get(name)
    if found is None:
        return None
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"

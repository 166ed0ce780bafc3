"""Backtest recipes on the labels of a task, without making a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import RecipeSpec
from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import DataError
from sftsec_core.evaluation.backtest import backtest as roll
from sftsec_core.evaluation.backtest import fewest, periods_of
from sftsec_core.operations.authorize import authorize
from sftsec_core.operations.preflight import check_encoders, check_requirements
from sftsec_core.operations.refitting import Refitter, serving_methods
from sftsec_core.operations.running import running
from sftsec_core.operations.show_dataset import newest_dataset
from sftsec_core.operations.splitting import split_snapshot
from sftsec_core.operations.training_device import training_device
from sftsec_core.plugins import get

if TYPE_CHECKING:
    from sftsec_core.evaluation.audits import BacktestSettings
    from sftsec_core.operations.context import Context


def backtest(
    context: Context, name: str, settings: BacktestSettings, *, recipe: str | None = None
) -> dict[str, Any]:
    """Train on the past and test on the next period, several times, on the newest data set.

    Nothing is pulled, and no model is kept: `sftsec dataset build` and `retrain` do that.

    Args:
        context: settings, store, registry, actor and event stream.
        name: the task.
        settings: how time is divided, and how long it may take.
        recipe: one to backtest beside the baseline, with the task's settings where it names them.

    Returns:
        "task", "run", "snapshot", and what `evaluation.backtest.backtest` gives.

    Raises:
        NotFoundError: when there is no such task or recipe.
        DataError: when there is no data set, or too few labelled incidents with times.
    """
    authorize(context.actor, Permission.RETRAIN, name)
    check_requirements(context.task(name), context.plugins)
    check_encoders(context.task(name), context.plugins, context.file, name)
    baseline = context.task_spec(name).baseline
    recipes = tuple(dict.fromkeys((baseline, recipe or baseline)))
    for each in recipes:
        get("recipe", each, context.plugins.specs(RecipeSpec))
    snapshot = newest_dataset(context, name)
    with running(context, "backtest", name) as run, training_device(run) as device:
        split = split_snapshot(run, snapshot).split
        examples = [example for _, part in split.parts() for example in part]
        periods = periods_of(examples, settings)
        if not periods:
            timed = sum(example.at is not None for example in examples)
            raise DataError(
                f"task {name!r}: {settings.periods} periods take {fewest(settings)} labelled "
                f"incidents with different times, there are {timed:,} with a time"
            )
        with run.stage("backtest", ", ".join(recipes)) as stage:
            refit = Refitter(run, device, serving_methods(run))
            found = roll(
                periods,
                recipes,
                refit,
                settings,
                lambda done, total: stage.progress(done, total, unit="trainings"),
                run.task.objective,
            )
    told: Mapping[str, Any] = {"task": name, "run": run.info.id, "snapshot": snapshot.digest}
    return {**told, **found}

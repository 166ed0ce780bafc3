"""A rolling-origin backtest: train on the past, test on the next period, and move on.

A single split says how good a model was in one stretch of time. Moved along the time axis, it says
whether it would have been as good in each (Tashman, "Out-of-sample tests of forecasting accuracy",
2000). Nothing that a period is tested on is in its training: not an incident, its text, its
cluster or its case; `gap` leaves out what was not judged yet at the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import Split
from sftsec_core.evaluation.figures import short_figures
from sftsec_core.evaluation.refits import (
    NOTHING_TO_FIT,
    apart,
    fit_each,
    plan_recipes,
    two_labels,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sftsec_core.api.contracts import AuditInput, Refit
    from sftsec_core.api.domain import Example, Objective
    from sftsec_core.api.predictions import Predictions
    from sftsec_core.evaluation.audits import BacktestSettings

_DEV = 0.15  # of the past, the newest: as near to the period as can be
TOO_FEW = "takes {0} or more examples with times, there are {1}"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that is tested, with what comes before it.

    Attributes:
        begin: the first time in it.
        end: the last time in it.
        split: train and dev before it, test in it.
        embargoed: earlier examples that were left out of train, for the gap or for what they
            share with the period.
    """

    begin: datetime
    end: datetime
    split: Split
    embargoed: int

    @property
    def skipped(self) -> str | None:
        """Why nothing can be fitted for it; None when it can."""
        return None if two_labels(self.split.train) else "the past has one label only"


def backtest_audit(config: BacktestSettings, given: AuditInput) -> Mapping[str, Any]:
    """Backtest the baseline and, within the budget, the candidate's recipe; see `backtest`."""
    if given.refit is None:
        return {"not_measured": NOTHING_TO_FIT}
    examples = [example for _, part in given.split.parts() for example in part]
    periods = periods_of(examples, config)
    if not periods:
        return {"not_measured": _too_few(examples, config)}
    rows = sum(len(each.split.train) for each in periods)
    plan = plan_recipes(given, config.budget, rows)
    found = backtest(
        periods, plan.recipes, given.refit, config, given.progress, given.task.objective
    )
    return {**found, **({"left_out": plan.left_out} if plan.left_out else {})}


def backtest(
    periods: Sequence[Period],
    recipes: Sequence[str],
    refit: Refit,
    config: BacktestSettings,
    progress: Callable[[int, int], None],
    objective: Objective,
) -> dict[str, Any]:
    """Fit recipes on the past of each period and evaluate them on it.

    Returns:
        "metric", the task's; "recipes"; "gap", days; "periods": for each "begin" and "end"
        (ISO 8601), "train", "dev", "test", "embargoed" and either "skipped", why, or
        "models": a recipe's name to its "rows", "attacks" and "figures" with intervals.
    """
    usable = [each for each in periods if each.skipped is None]
    splits = [each.split for each in usable]
    answers = fit_each(refit, recipes, splits, config.budget, progress) if usable else []
    by_begin = dict(zip((each.begin for each in usable), answers, strict=True))
    return {
        "metric": objective.figure,
        "recipes": list(recipes),
        "gap": config.gap / timedelta(days=1),
        "periods": [_told(each, by_begin.get(each.begin), objective) for each in periods],
    }


def periods_of(examples: Sequence[Example], config: BacktestSettings) -> list[Period]:
    """Divide time into periods with equally many examples, after a first stretch to train on.

    Args:
        examples: all labelled ones; those without a time are left out.
        config: how many periods, and how they begin.

    Returns:
        In the order of time; empty when there are too few examples with times, or times.
    """
    timed = [(each.at, each.uid, each) for each in examples if each.at is not None]
    timed.sort(key=lambda row: row[:2])
    if len(timed) < fewest(config):
        return []
    first = max(1, round(len(timed) * config.first))
    size = (len(timed) - first) / config.periods
    starts = sorted({timed[round(first + size * k)][0] for k in range(config.periods)})
    # Equal times stay together: a period begins with the first example of its time.
    bounds = [sum(at < start for at, _, _ in timed) for start in starts]
    if not bounds[0]:
        return []
    rows = [example for _, _, example in timed]
    edges = pairwise((*bounds, len(rows)))
    return [_period(rows, begin, end, config.gap) for begin, end in edges]


def fewest(config: BacktestSettings) -> int:
    """How many examples with times a backtest takes."""
    return 10 * (config.periods + 1)


def _too_few(examples: Sequence[Example], config: BacktestSettings) -> str:
    timed = [each.at for each in examples if each.at is not None]
    if len(timed) >= fewest(config):
        return "all examples have nearly the same time"
    return TOO_FEW.format(fewest(config), len(timed))


def _period(rows: list[Example], begin: int, end: int, gap: timedelta) -> Period:
    test, past = rows[begin:end], rows[:begin]
    start, last = test[0].at, test[-1].at
    assert start is not None and last is not None  # noqa: PT018, S101 - rows have times
    kept = apart((each for each in past if each.at and each.at < start - gap), test)
    dev = kept[len(kept) - round(_DEV * len(kept)) :]
    train = apart(kept[: len(kept) - len(dev)], dev)
    return Period(start, last, Split(train, dev, test, "time"), len(past) - len(train) - len(dev))


def _told(
    period: Period, answers: Mapping[str, Predictions] | None, objective: Objective
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "begin": period.begin.isoformat(),
        "end": period.end.isoformat(),
        "train": len(period.split.train),
        "dev": len(period.split.dev),
        "test": len(period.split.test),
        "embargoed": period.embargoed,
    }
    if answers is None:
        return {**told, "skipped": period.skipped or "the budget was spent"}
    models = {name: short_figures(predictions, objective) for name, predictions in answers.items()}
    return {**told, "models": models}

"""What more labels would bring: a learning curve on dev, and its extrapolation.

Recipes are fitted on nested, stratified parts of train and tested on dev, so that test stays for
the report. The error (1 minus the task's metric or macro-F1, or the cost) is fitted by an inverse
power law (`power_law`), with an interval by bootstrap over dev's rows and the repeats. Where the
law does not hold up, nothing is claimed: the curve has to fall, and without its last point the law
has to predict that point.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sftsec_core.api.domain import Split
from sftsec_core.api.domain.objectives import higher_is_better
from sftsec_core.evaluation.bootstrap import Resamples
from sftsec_core.evaluation.comparison import sample_figures
from sftsec_core.evaluation.power_law import fit_power_law
from sftsec_core.evaluation.refits import NOTHING_TO_FIT, fit_each, plan_recipes, two_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.contracts import AuditInput
    from sftsec_core.api.domain import Example, Objective
    from sftsec_core.api.predictions import Predictions
    from sftsec_core.evaluation.audits import LearningCurveSettings

FRACTIONS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
FEWEST_ROWS = 20
FEWEST_POINTS = 4
_RESAMPLES = 200
FigureT = TypeVar("FigureT", float, NDArray[np.float64])


class Measured(NamedTuple):
    """Errors of one number of training examples.

    Attributes:
        rows: training examples.
        value: the error on dev, mean over the repeats.
        draws: the error on each resample of dev, shape (repeats, b).
    """

    rows: int
    value: float
    draws: NDArray[np.float64]

    @property
    def bounds(self) -> tuple[float, float]:
        """The 95% interval of the mean over repeats, over resamples of dev."""
        low, high = np.quantile(self.draws.mean(axis=0), [0.025, 0.975])
        return float(low), float(high)


def learning_curve(config: LearningCurveSettings, given: AuditInput) -> Mapping[str, Any]:
    """Fit the baseline and, within the budget, the candidate's recipe on parts of train.

    Returns:
        "metric", the task's; "more": labels that are asked about; "dev": rows of dev;
        "recipes": a recipe's name to its "points" (rows, value, low, high), and either "gain"
        (value, low, high: what `more` labels would take off the error) with its "law",
        or "cannot_tell", why.
    """
    if given.refit is None:
        return {"not_measured": NOTHING_TO_FIT}
    dev, train, metric = given.split.dev, given.split.train, given.task.objective.figure
    if not two_labels(dev):
        return {"not_measured": "dev has fewer than two labels to test on"}
    sizes = [round(len(train) * each) for each in FRACTIONS]
    parts = [(n, r) for n in sizes for r in range(config.repeats if n < len(train) else 1)]
    splits = [Split(nested(train, n, config.seed + r), dev, dev, "nested") for n, r in parts]
    usable = [each for each in splits if len(each.train) >= FEWEST_ROWS and two_labels(each.train)]
    if not usable:
        return {"not_measured": f"train has {len(train):,} examples: too few to divide"}
    plan = plan_recipes(given, config.budget, sum(len(each.train) for each in usable))
    answers = fit_each(given.refit, plan.recipes, usable, config.budget, given.progress)
    recipes = {}
    for name in plan.recipes:
        found = [None if each is None else each[name] for each in answers]
        recipes[name] = _curve(_measure(usable, found, given.task.objective), config, metric)
    return {
        "metric": metric,
        "more": config.more,
        "dev": len(dev),
        "recipes": recipes,
        **({"left_out": plan.left_out} if plan.left_out else {}),
    }


def nested(train: Sequence[Example], rows: int, seed: int) -> list[Example]:
    """The first `rows` of an order in which each beginning has the classes in proportion.

    With one seed, a smaller part lies in each larger one.
    """
    key = seed.to_bytes(8, "little", signed=True)

    def chance(example: Example) -> bytes:
        raw = example.uid.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(raw, key=key, digest_size=16).digest()

    by_label: dict[str, list[Example]] = {}
    for example in sorted(train, key=chance):
        by_label.setdefault(example.label, []).append(example)
    # The i-th of a class's n stands at (i + 1/2) / n of the whole order.
    placed = [
        ((i + 0.5) / len(members), label, example)
        for label, members in by_label.items()
        for i, example in enumerate(members)
    ]
    return [example for _, _, example in sorted(placed, key=lambda row: row[:2])][:rows]


def _measure(
    splits: Sequence[Split], answers: Sequence[Predictions | None], objective: Objective
) -> list[Measured]:
    """One row for each number of training examples, over its repeats; none that dev cannot tell."""
    metric = objective.figure
    by_rows: dict[int, list[tuple[float, NDArray[np.float64]]]] = {}
    for split, predictions in zip(splits, answers, strict=True):
        if predictions is None:
            continue
        resamples = Resamples(predictions.y, _RESAMPLES)
        found = sample_figures(predictions, resamples, objective)[metric]
        if found.value is not None:
            runs = by_rows.setdefault(len(split.train), [])
            runs.append((_flip(metric, found.value), _flip(metric, found.draws)))
    return [
        Measured(rows, float(np.mean([value for value, _ in runs])), np.stack([d for _, d in runs]))
        for rows, runs in sorted(by_rows.items())
    ]


def _flip(metric: str, figure: FigureT) -> FigureT:
    """A figure as an error, and an error as the figure."""
    return 1 - figure if higher_is_better(metric) else figure


def _curve(
    points: Sequence[Measured], config: LearningCurveSettings, metric: str
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "points": [
            {
                "rows": each.rows,
                "value": _flip(metric, each.value),
                "low": min(ends),
                "high": max(ends),
            }
            for each in points
            for ends in ([_flip(metric, bound) for bound in each.bounds],)
        ]
    }
    if why := doubts(points, metric):
        return {**told, "cannot_tell": why}
    sizes = np.array([each.rows for each in points], np.float64)
    law = fit_power_law(sizes, np.array([each.value for each in points]))
    last = float(sizes[-1])
    gains = _gains(points, sizes, config)
    low, high = np.quantile(gains, [0.025, 0.975])
    value = law.at(last) - law.at(last + config.more)
    return {
        **told,
        "law": law._asdict(),
        "gain": {"value": value, "low": float(min(low, value)), "high": float(max(high, value))},
    }


def _gains(
    points: Sequence[Measured], sizes: NDArray[np.float64], config: LearningCurveSettings
) -> NDArray[np.float64]:
    """What `more` labels bring by the law of each resample of dev and of the repeats."""
    rng = np.random.default_rng(config.seed)
    gains = []
    for column in range(_RESAMPLES):
        drawn = [each.draws[rng.integers(0, len(each.draws), len(each.draws))] for each in points]
        law = fit_power_law(sizes, np.array([draws[:, column].mean() for draws in drawn]))
        gains.append(law.at(sizes[-1]) - law.at(sizes[-1] + config.more))
    return np.array(gains)


def doubts(points: Sequence[Measured], metric: str) -> str | None:
    """Why the law of a curve is not to be believed; None when nothing speaks against it."""
    if len(points) < FEWEST_POINTS:
        return f"{len(points)} sizes of train were measured, {FEWEST_POINTS} are needed"
    first, last = points[0], points[-1]
    (low, high), width = last.bounds, last.bounds[1] - last.bounds[0]
    if first.value <= last.value:
        return "more labels did not lower the error on dev"
    if first.value - last.value < width / 2:
        return "what labels brought so far is within the noise of dev"
    before = points[:-1]
    law = fit_power_law(
        np.array([each.rows for each in before], np.float64),
        np.array([each.value for each in before]),
    )
    guess = law.at(last.rows)
    if not low - width / 2 <= guess <= high + width / 2:
        return (
            f"without its last point the curve predicts {metric} {_flip(metric, guess):.3f} "
            f"there, and {_flip(metric, last.value):.3f} was measured"
        )
    return None

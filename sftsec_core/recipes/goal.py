"""What candidates are chosen by: the figures of the task's objective that the rows can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain.objectives import (
    AVERAGE_PRECISION,
    DEFAULT_OBJECTIVE,
    EXPECTED_COST,
    MACRO_F1,
    Objective,
    higher_is_better,
    rate_of,
    tpr_at_fpr,
)
from sftsec_core.api.predictions import attack_scores
from sftsec_core.evaluation.ranking import Ranking, negatives_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example, TaskSpec


@dataclass(frozen=True, slots=True)
class Goal:
    """The figures that candidates are chosen by; of each, as scored here, more is better.

    A cost is scored as its negative, at the threshold that costs least: no decider is fitted yet.

    Attributes:
        figures: names of metrics; each but macro-F1 ranks attacks above benign rows.
        benign: the benign column; None in a task without one.
        objective: the task's: rates and prices.
        lacking: why a figure of the task is not among them; None where all are.
    """

    figures: tuple[str, ...] = (MACRO_F1,)
    benign: int | None = None
    objective: Objective = DEFAULT_OBJECTIVE
    lacking: str | None = None

    @classmethod
    def of(cls, task: TaskSpec, y: NDArray[np.int64]) -> Goal:
        """The task's metric; else macro-F1, average precision and recall at the threshold's rate.

        A rate that y has too few benign rows for gives way to the average precision.

        Args:
            task: with its objective.
            y: true columns of the rows that are chosen on, shape (n,).
        """
        if task.benign is None:
            return cls()
        benign, objective = task.labels.index(task.benign), task.objective
        default = (MACRO_F1, AVERAGE_PRECISION, *map(tpr_at_fpr, objective.rates))
        figures = (objective.metric,) if objective.metric else default
        negatives = int((y == benign).sum())
        coarse = [name for name in figures if negatives < _negatives_needed(name)]
        known = [AVERAGE_PRECISION if name in coarse else name for name in figures]
        return cls(tuple(dict.fromkeys(known)), benign, objective, _lacking(coarse, negatives))

    @property
    def ranked(self) -> tuple[str, ...]:
        """The figures that rank."""
        return tuple(name for name in self.figures if name != MACRO_F1)

    def scores(
        self, proba: NDArray[np.float64], y: NDArray[np.int64], counts: NDArray[np.generic]
    ) -> dict[str, NDArray[np.float64]]:
        """The ranked figures of resamples, more is better; none where y has one side only.

        Args:
            proba: shape (n, k).
            y: true columns, shape (n,).
            counts: how often each row is drawn, shape (b, n); each class keeps its number.

        Returns:
            Each of `ranked` with shape (b,); NaN where undefined.
        """
        if self.benign is None or not self.ranked:
            return {}
        ranking = Ranking.of(attack_scores(proba, self.benign), y != self.benign)
        if ranking is None:
            return {}
        found = ranking.figures(counts, self.objective.rates)
        if EXPECTED_COST in self.ranked:
            found[EXPECTED_COST] = ranking.lowest_cost(counts, self.objective)
        return {
            name: found[name] if higher_is_better(name) else -found[name] for name in self.ranked
        }

    def score(self, proba: NDArray[np.float64], y: NDArray[np.int64]) -> float:
        """The mean of the figures that y can tell; macro-F1 where it can tell none of them."""
        ranked = self.scores(proba, y, np.ones((1, len(y)), dtype=np.uint16)).values()
        answered = macro_f1(y, proba.argmax(axis=1), proba.shape[1])
        found = [answered] if MACRO_F1 in self.figures else []
        found += [float(value[0]) for value in ranked if np.isfinite(value[0])]
        return float(np.mean(found)) if found else answered


def _negatives_needed(metric: str) -> int:
    rate = rate_of(metric)
    return 0 if rate is None else negatives_for(rate)


def _lacking(coarse: Sequence[str], negatives: int) -> str | None:
    if not coarse:
        return None
    needed = max(map(_negatives_needed, coarse))
    return (
        f"{', '.join(coarse)} takes {needed:,} benign rows and there are {negatives:,}: "
        f"{AVERAGE_PRECISION} in its place"
    )


def columns(examples: Sequence[Example], task: TaskSpec) -> NDArray[np.int64]:
    """The columns of examples' labels, shape (n,)."""
    place = {label: column for column, label in enumerate(task.labels)}
    return np.array([place[example.label] for example in examples], dtype=np.int64)


def macro_f1(y: NDArray[np.int64], answers: NDArray[np.int64], k: int) -> float:
    """Macro-F1 over the classes that occur in y.

    Args:
        y: true columns, shape (n,).
        answers: predicted columns, shape (n,).
        k: number of classes.
    """
    return float(weighted_macro_f1(y, answers, k, np.ones((1, len(y))))[0])


def weighted_macro_f1(
    y: NDArray[np.int64], predicted: NDArray[np.int64], k: int, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Macro-F1 over the classes that occur in y, for each row of weights (b, n); shape (b,)."""
    true_counts = weights @ np.eye(k)[y]
    predicted_counts = weights @ np.eye(k)[predicted]
    hits = weights @ (np.eye(k)[y] * (y == predicted)[:, None])
    total = true_counts + predicted_counts
    scores = np.divide(2 * hits, total, out=np.zeros_like(total), where=total > 0)
    occurring = np.unique(y)
    result: NDArray[np.float64] = scores[:, occurring].mean(axis=1)
    return result

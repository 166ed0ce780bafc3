"""Figures of a ranking - ROC-AUC, average precision, TPR at an FPR - for many resamples at once.

A bootstrap resample of a test set is a vector of counts: how often each row was drawn. With the
scores sorted once, every figure of a resample is a cumulative sum of its counts, so a thousand
resamples of n rows cost a thousand passes over n numbers and no sorting. Counts stay whole numbers
of 32 bits until the last step: a pass is bound by what it moves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sftsec_core.api.domain.objectives import Objective, tpr_at_fpr

if TYPE_CHECKING:
    from collections.abc import Sequence

FPR_BOUNDS = (0.001, 0.01)


class _Counted(NamedTuple):
    """What each kept group of scores lets through in each resample, shape (b, g).

    Attributes:
        tp: positives down to the end of the group.
        alerts: all rows down to its end.
        before: all rows down to its beginning.
    """

    tp: NDArray[np.int32]
    alerts: NDArray[np.int32]
    before: NDArray[np.int32]

    def gained(self) -> NDArray[np.int32]:
        """The positives in each group."""
        return np.diff(self.tp, axis=1, prepend=np.int32(0))


@dataclass(frozen=True, slots=True)
class Ranking:
    """One column of scores against a positive class, sorted, ties in one group.

    Only groups that hold a positive are kept: the true-positive count changes nowhere else, and
    so neither do the figures below. Whatever ranks under the last positive is left out too.

    Attributes:
        order: rows by falling score down to the last positive, shape (m,).
        positives: the rows of `order` that are positive, in that order, shape (p,).
        starts: where each kept group begins in `order`, shape (g,).
        ends: one past where it ends, shape (g,).
        positive_ends: positives up to the end of each kept group, shape (g,).
        n_positive: positives in all, the same in every (stratified) resample.
        n_negative: negatives in all, the same in every resample.
    """

    order: NDArray[np.intp]
    positives: NDArray[np.intp]
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]
    positive_ends: NDArray[np.intp]
    n_positive: int
    n_negative: int

    @classmethod
    def of(cls, scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> Ranking | None:
        """Sort once; None when one of the two sides has no row, and nothing can be ranked.

        Args:
            scores: higher is more positive, shape (n,).
            positive: which rows are positive, shape (n,).
        """
        n_positive = int(positive.sum())
        if n_positive in {0, len(positive)}:
            return None
        order = np.argsort(-scores, kind="stable")
        ranked = scores[order]
        starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
        ends = np.r_[starts[1:], len(order)]
        cumulative = np.r_[0, np.cumsum(positive[order])]
        kept = cumulative[ends] > cumulative[starts]
        starts, ends = starts[kept], ends[kept]
        order = order[: ends[-1]]
        return cls(
            order=order,
            positives=order[positive[order]],
            starts=starts,
            ends=ends,
            positive_ends=cumulative[ends],
            n_positive=n_positive,
            n_negative=len(positive) - n_positive,
        )

    def figures(
        self, counts: NDArray[Any], rates: Sequence[float] = ()
    ) -> dict[str, NDArray[np.float64]]:
        """Compute the figures of each resample.

        Args:
            counts: how often each row was drawn, shape (b, n); each row of it keeps the number
                of positives and of negatives.
            rates: of false positives, besides `FPR_BOUNDS`.

        Returns:
            roc_auc, average_precision and tpr_at_fpr_* (the highest TPR whose FPR does not pass
            the bound, without interpolation; NaN where there are fewer negatives than
            `negatives_for`), each of shape (b,).
        """
        counted = self._count(counts)
        gained = counted.gained()
        # A negative of the group itself ranks beside its positives: it counts half.
        ranked_above = counted.alerts + counted.before - 2 * counted.tp + gained
        lost = np.einsum("bg,bg->b", gained, ranked_above, dtype=np.float64) / 2
        # Where nothing was drawn down to here, nothing was gained either.
        precision = counted.tp / np.maximum(counted.alerts, 1)
        figures = {
            "roc_auc": 1.0 - lost / self.n_positive / self.n_negative,
            "average_precision": (gained * precision).sum(axis=1) / self.n_positive,
        }
        fp = counted.alerts - counted.tp
        for bound in (*FPR_BOUNDS, *rates):
            figures[tpr_at_fpr(bound)] = self._highest_tpr(counted.tp, fp, bound)
        return figures

    def lowest_cost(self, counts: NDArray[Any], objective: Objective) -> NDArray[np.float64]:
        """The minutes a row at the threshold that costs least in each resample, shape (b,).

        It is what the ranking is worth before a threshold is chosen: the lower envelope of the
        cost lines (Drummond and Holte, "Cost curves", 2006).

        Args:
            counts: as in `figures`.
            objective: the prices.
        """
        counted = self._count(counts)
        missed = (self.n_positive - counted.tp) * objective.missed_attack_minutes
        none = self.n_positive * objective.missed_attack_minutes
        lowest = (counted.alerts * objective.minutes_per_alert + missed).min(axis=1)
        minutes: NDArray[np.float64] = np.minimum(lowest, none)
        return minutes / (self.n_positive + self.n_negative)

    def _highest_tpr(
        self, tp: NDArray[np.int32], fp: NDArray[np.int32], bound: float
    ) -> NDArray[np.float64]:
        """The TPR of the last group within a bound of the FPR: both only rise; shape (b,)."""
        if self.n_negative < negatives_for(bound):
            return np.full(len(tp), np.nan)
        within = (fp <= _most_within(bound, self.n_negative)).sum(axis=1)
        best = np.take_along_axis(tp, np.maximum(within, 1)[:, None] - 1, axis=1)[:, 0]
        return np.where(within > 0, best, 0) / self.n_positive

    def _count(self, counts: NDArray[Any]) -> _Counted:
        drawn = _cumulative(counts, self.order)
        tp = _cumulative(counts, self.positives).take(self.positive_ends, axis=1)
        return _Counted(tp, drawn.take(self.ends, axis=1), drawn.take(self.starts, axis=1))


def negatives_for(bound: float) -> int:
    """The fewest negatives that a rate of false positives can be measured on: 1 / bound.

    With fewer, one false positive is beyond the bound already, and none is no evidence for it.
    """
    return math.ceil(round(1 / bound, 6))


def _most_within(bound: float, negatives: int) -> int:
    """The most false positives whose rate does not pass a bound, as a division tells it."""
    most = int(bound * negatives) + 1
    while most / negatives > bound:
        most -= 1
    return most


def _cumulative(counts: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[np.int32]:
    """Cumulative sums of the counts of these rows, a 0 in front, shape (b, len(rows) + 1)."""
    sums = np.zeros((len(counts), len(rows) + 1), np.int32)
    np.cumsum(counts.take(rows, axis=1), axis=1, out=sums[:, 1:])
    return sums

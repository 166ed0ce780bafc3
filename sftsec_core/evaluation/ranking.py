"""Figures of a ranking - ROC-AUC, average precision, TPR at an FPR - for many resamples at once.

A bootstrap resample of a test set is a vector of counts: how often each row was drawn. With the
scores sorted once, every figure of a resample is a cumulative sum of its counts, so a thousand
resamples of n rows cost a thousand passes over n numbers and no sorting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FPR_BOUNDS = (0.001, 0.01)


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

    def figures(self, counts: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        """Compute the figures of each resample.

        Args:
            counts: how often each row was drawn, shape (b, n); each row of it keeps the number
                of positives and of negatives.

        Returns:
            roc_auc, average_precision and tpr_at_fpr_* (the highest TPR whose FPR does not pass
            the bound, without interpolation; NaN where there are fewer negatives than
            `negatives_for`), each of shape (b,).
        """
        drawn = _cumulative(counts[:, self.order])
        true_all = _cumulative(counts[:, self.positives])
        tp = true_all[:, self.positive_ends]
        gained = np.diff(tp, axis=1, prepend=0.0)
        fp = drawn[:, self.ends] - tp
        before = drawn[:, self.starts] - (tp - gained)
        outranked = self.n_negative - (fp + before) / 2
        precision = np.divide(tp, tp + fp, out=np.zeros_like(tp), where=tp + fp > 0)
        fpr = fp / self.n_negative
        figures = {
            "roc_auc": (gained * outranked).sum(axis=1) / self.n_positive / self.n_negative,
            "average_precision": (gained * precision).sum(axis=1) / self.n_positive,
        }
        for bound in FPR_BOUNDS:
            best = np.where(fpr <= bound, tp, 0.0).max(axis=1) / self.n_positive
            measured = self.n_negative >= negatives_for(bound)
            figures[f"tpr_at_fpr_{bound:g}"] = best if measured else np.full_like(best, np.nan)
        return figures


def negatives_for(bound: float) -> int:
    """The fewest negatives that a rate of false positives can be measured on: 1 / bound.

    With fewer, one false positive is beyond the bound already, and none is no evidence for it.
    """
    return math.ceil(round(1 / bound, 6))


def _cumulative(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Cumulative sums along the rows with a 0 in front, shape (b, m + 1)."""
    sums = np.zeros((counts.shape[0], counts.shape[1] + 1))
    np.cumsum(counts, axis=1, out=sums[:, 1:])
    return sums

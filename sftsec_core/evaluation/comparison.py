"""On which test rows two models are compared: those that neither was trained on.

Data that grew is divided anew, and what the model in service learnt by heart may stand in the
new test part. Judged there, it would look better than anything that comes after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sftsec_core.evaluation.bootstrap import Resamples, bootstrap, difference
from sftsec_core.evaluation.metrics import Scorer, compute_metrics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.domain import Interval

_FEWEST = 50  # fewer rows tell two models apart only by luck


class Comparable(NamedTuple):
    """The rows that two models may be compared on.

    Attributes:
        rows: shape (n,).
        seen: how many test rows the other model was trained on.
    """

    rows: NDArray[np.bool_]
    seen: int

    def counts(self) -> dict[str, int]:
        """For the report: rows that were seen, and rows that were compared."""
        return {"seen": self.seen, "compared": int(self.rows.sum())}


class Prediction(NamedTuple):
    """What a model answered for the test part (n, k), and from where on it raises an alert."""

    proba: NDArray[np.float64]
    threshold: float


def comparable(seen: NDArray[np.bool_] | None, y: NDArray[np.int64]) -> Comparable:
    """Leave out what the other model was trained on, as long as enough is left.

    With too little left all rows count: that favours the other model, which is in service; the
    safe side.

    Args:
        seen: which rows it was trained on, shape (n,); None when that is not known.
        y: true classes, shape (n,).
    """
    if seen is None or not seen.any():
        return Comparable(np.ones(len(y), np.bool_), 0)
    left = y[~seen]
    enough = len(left) >= _FEWEST and len(np.unique(left)) > 1
    return Comparable(~seen if enough else np.ones(len(y), np.bool_), int(seen.sum()))


def macro_f1_difference(
    ours: Prediction,
    theirs: Prediction,
    y: NDArray[np.int64],
    benign: int | None,
    rows: NDArray[np.bool_],
) -> Interval:
    """The paired difference in macro-F1 (ours - theirs) on some of the test rows."""
    y = y[rows]
    resamples = Resamples(y)
    (point, draws), (their_point, their_draws) = (
        _macro_f1(judged.proba[rows], y, benign, judged.threshold, resamples)
        for judged in (ours, theirs)
    )
    return difference(point, their_point, draws, their_draws)


def _macro_f1(
    proba: NDArray[np.float64],
    y: NDArray[np.int64],
    benign: int | None,
    threshold: float,
    resamples: Resamples,
) -> tuple[float | None, NDArray[np.float64]]:
    point = compute_metrics(y, proba, benign, threshold)["macro_f1"]
    return point, bootstrap(Scorer(y, proba, benign, threshold), resamples)["macro_f1"]

"""The figures of quality, for one test set and, by the same code, for resamples of it.

Definitions, where there is a choice:

- *Attack side*: in a task with a benign class, everything that is not benign is an attack, and a
  detection of an attack counts whichever attack it was taken for. `f1`, `precision`, `recall`,
  `fpr`, `mcc` are of that question, at the threshold; the ranking figures use 1 - p(benign).
- `macro_f1` is the mean over classes that occur or are predicted; `macro_precision` likewise,
  where a class that is never predicted counts 0; `macro_recall` is the mean over classes that
  occur. `micro_f1` equals accuracy, since every row has one label and gets one.
- `tpr_at_fpr_X`: the highest TPR whose FPR is at most X; nothing is interpolated. It is undefined
  on a test set with fewer than 1 / X benign rows (`unmeasured`).
- `ece`: 15 bins of equal width over the attack probability or, without a benign class, over the
  probability of the predicted class: the mean gap between confidence and accuracy.
- `expected_cost`, of a task whose metric it is: the minutes an incident that the decisions cost,
  reviews included, at the task's prices.
- Every row counts once; `Example.weight` matters in training only.
- An undefined figure is None: never NaN, never a made-up 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain.objectives import (
    DEFAULT_OBJECTIVE,
    EXPECTED_COST,
    Objective,
    tpr_at_fpr,
)
from sftsec_core.evaluation.prices import minutes
from sftsec_core.evaluation.ranking import FPR_BOUNDS, Ranking, negatives_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from sftsec_core.api.predictions import Predictions

    Figures = Mapping[str, NDArray[np.float64]]

ECE_BINS = 15
# Shown for a TPR at an FPR that test has too few benign rows for.
NOT_MEASURABLE = "not measurable"
TPR_AT_FPR = tuple(tpr_at_fpr(bound) for bound in FPR_BOUNDS)
METRIC_NAMES = (
    "accuracy",
    "macro_f1",
    "micro_f1",
    "macro_precision",
    "macro_recall",
    "f1",
    "precision",
    "recall",
    "fpr",
    "roc_auc",
    "average_precision",
    *TPR_AT_FPR,
    "mcc",
    "ece",
)


def metric_names(objective: Objective) -> tuple[str, ...]:
    """The built-in figures of a task: `METRIC_NAMES`, and what its objective adds."""
    own = (*(tpr_at_fpr(rate) for rate in objective.rates), objective.figure)
    return tuple(dict.fromkeys((*METRIC_NAMES, *own)))


def compute_metrics(
    predictions: Predictions, objective: Objective = DEFAULT_OBJECTIVE
) -> dict[str, float | None]:
    """Compute every built-in figure on one test set.

    Args:
        predictions: of one row or more.
        objective: the task's.

    Returns:
        The names of `metric_names`, in that order; None where undefined.
    """
    counts = np.ones((1, len(predictions)), dtype=np.uint8)
    figures = ResampledMetrics(predictions, objective)(counts)
    return {name: defined(figures[name][0]) for name in metric_names(objective)}


def unmeasured(n_benign: int, objective: Objective = DEFAULT_OBJECTIVE) -> dict[str, str]:
    """Say which figures a test set has too few benign rows for: a figure's name to the reason."""
    rates = dict.fromkeys((*FPR_BOUNDS, *objective.rates))
    needed = ((tpr_at_fpr(rate), negatives_for(rate)) for rate in rates)
    return {
        name: f"takes {rows:,} benign test rows, there are {n_benign:,}"
        for name, rows in needed
        if n_benign < rows
    }


def defined(value: float) -> float | None:
    """Turn a figure that is not a finite number into None."""
    return float(value) if np.isfinite(value) else None


class ResampledMetrics:
    """The built-in figures of any resample of one test set, prepared once for all of them."""

    def __init__(self, predictions: Predictions, objective: Objective = DEFAULT_OBJECTIVE) -> None:
        """Decide every row's label and sort the scores, once.

        Args:
            predictions: of one row or more.
            objective: the task's, whose figures are computed too.
        """
        self._rates = objective.rates
        self._minutes = (
            minutes(predictions, objective) if objective.metric == EXPECTED_COST else None
        )
        self._benign = predictions.benign
        self._k = predictions.n_classes
        self._support = np.bincount(predictions.y, minlength=self._k).astype(np.float64)
        self._cells = predictions.y * self._k + predictions.labels
        confidence, correct, self._bins = ece_bins(predictions)
        self._gaps = correct - confidence
        self._rankings = _rankings(predictions)

    def __call__(self, counts: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        """Compute the figures of resamples.

        Args:
            counts: how often each row was drawn, shape (b, n); each class keeps its number.

        Returns:
            The names of `metric_names`, each of shape (b,); NaN where undefined.
        """
        k = self._k
        cells = _sums(self._cells, counts, k * k).reshape(-1, k, k)
        hits, predicted = cells.diagonal(axis1=1, axis2=2), cells.sum(axis=1)
        figures = _class_figures(hits, predicted, self._support)
        if self._benign is None:
            figures |= _multiclass_figures(hits, predicted, self._support)
        else:
            figures |= _attack_figures(hits, predicted, self._support, self._benign)
        gaps = _sums(self._bins, (each * self._gaps for each in counts), ECE_BINS)
        figures["ece"] = np.abs(gaps).sum(axis=1) / self._support.sum()
        if self._minutes is not None:
            figures[EXPECTED_COST] = counts @ self._minutes / self._support.sum()
        return figures | self._ranking_figures(counts)

    def _ranking_figures(self, counts: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        own = (tpr_at_fpr(rate) for rate in self._rates)
        names = ("roc_auc", "average_precision", *TPR_AT_FPR, *own)
        undefined = {name: np.full(len(counts), np.nan) for name in names}
        if not self._rankings:
            return undefined
        figures = [ranking.figures(counts, self._rates) for ranking in self._rankings]
        if self._benign is not None:
            return figures[0]
        means = {name: np.mean([f[name] for f in figures], axis=0) for name in names[:2]}
        return undefined | means


def ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide, NaN where there is nothing to divide by; broadcasts."""
    above, below = np.broadcast_arrays(above, below)
    out = np.full(above.shape, np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out


def _class_figures(
    hits: NDArray[np.float64], predicted: NDArray[np.float64], support: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Figures over all classes from counts: hits and predicted (b, k), support (k,)."""
    seen = (predicted + support) > 0
    n_seen = seen.sum(axis=1)
    f1 = np.where(seen, ratio(2 * hits, predicted + support), 0.0)
    precision = np.where(predicted > 0, ratio(hits, predicted), 0.0)
    accuracy = hits.sum(axis=1) / support.sum()
    occurs = support > 0
    return {
        "accuracy": accuracy,
        "macro_f1": f1.sum(axis=1) / n_seen,
        "micro_f1": accuracy,
        "macro_precision": precision.sum(axis=1) / n_seen,
        "macro_recall": (hits[:, occurs] / support[occurs]).mean(axis=1),
    }


def _attack_figures(
    hits: NDArray[np.float64],
    predicted: NDArray[np.float64],
    support: NDArray[np.float64],
    benign: int,
) -> dict[str, NDArray[np.float64]]:
    n_benign = support[benign]
    attacks = support.sum() - n_benign
    fp = n_benign - hits[:, benign]
    fn = predicted[:, benign] - hits[:, benign]
    tp, tn = attacks - fn, n_benign - fp
    spread = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return {
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, np.asarray(attacks)),
        "fpr": ratio(fp, np.asarray(n_benign)),
        "mcc": ratio(tp * tn - fp * fn, spread),
    }


def _multiclass_figures(
    hits: NDArray[np.float64], predicted: NDArray[np.float64], support: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    n = support.sum()
    together = hits.sum(axis=1) * n - predicted @ support
    spread = np.sqrt((n**2 - (predicted**2).sum(axis=1)) * (n**2 - (support**2).sum()))
    undefined = np.full(len(hits), np.nan)
    sides = dict.fromkeys(("f1", "precision", "recall", "fpr"), undefined)
    return {**sides, "mcc": ratio(together, spread)}


def ece_bins(
    predictions: Predictions,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Give each row its confidence, whether it is correct, and its bin.

    Returns:
        The probability of an attack (or, without a benign class, of the most probable class);
        1.0 where it was so, else 0.0; the bin's number, 0 to 14; each of shape (n,).
    """
    if predictions.benign is None:
        confidence = np.clip(predictions.proba.max(axis=1), 0.0, 1.0)
        correct = predictions.proba.argmax(axis=1) == predictions.y
    else:
        confidence, correct = predictions.attack_scores, predictions.attacks
    bins = np.minimum((confidence * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    return confidence, correct.astype(np.float64), bins


def _sums(
    places: NDArray[np.int64], weights: Iterable[NDArray[Any]], size: int
) -> NDArray[np.float64]:
    """Sum each vector of weights, shape (n,), by the rows' places; shape (b, size)."""
    return np.stack([np.bincount(places, each, size) for each in weights])


def _rankings(predictions: Predictions) -> list[Ranking]:
    if predictions.benign is not None:
        sides = [Ranking.of(predictions.attack_scores, predictions.attacks)]
    else:
        columns = enumerate(predictions.proba.T)
        sides = [Ranking.of(scores, predictions.y == column) for column, scores in columns]
    return [ranking for ranking in sides if ranking is not None]

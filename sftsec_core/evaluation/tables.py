"""What a report shows besides figures: curves, the threshold table, classes, worst errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import ConfusionMatrix, Curve, WorstError, describe_inputs
from sftsec_core.evaluation.metrics import defined, ratio
from sftsec_core.sdk.threshold import ThresholdSweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example
    from sftsec_core.api.predictions import Predictions

CURVE_POINTS = 200
TEXT_LIMIT = 200
WORST_ERRORS = 25
# Denser where a SOC works: few alerts, high probabilities.
_GRID = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98,
         0.99, 0.995, 0.999)  # fmt: skip


def confusion_matrix(predictions: Predictions, labels: tuple[str, ...]) -> ConfusionMatrix:
    """Count true against predicted classes."""
    k = len(labels)
    cells = predictions.y * k + predictions.labels
    counts = np.bincount(cells, minlength=k * k).reshape(k, k)
    return ConfusionMatrix(labels, tuple(tuple(row) for row in counts.tolist()))


def per_class(confusion: ConfusionMatrix) -> dict[str, dict[str, float | None]]:
    """Precision, recall, F1 and support of each label; None where undefined."""
    counts = np.asarray(confusion.counts, dtype=np.float64)
    hits, predicted, support = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    precision, recall = ratio(hits, predicted), ratio(hits, support)
    f1 = ratio(2 * hits, predicted + support)
    return {
        label: {
            "precision": defined(precision[i]),
            "recall": defined(recall[i]),
            "f1": defined(f1[i]),
            "support": float(support[i]),
        }
        for i, label in enumerate(confusion.labels)
    }


def ranking_curves(predictions: Predictions) -> dict[str, Curve]:
    """Precision-recall and ROC curves of the attack side.

    Returns:
        "pr" (x recall, y precision) and "roc" (x FPR, y TPR), at most 200 points each, from the
        highest threshold down; empty without a benign class or with one side missing.
    """
    if predictions.benign is None or len(np.unique(predictions.attacks)) < 2:
        return {}
    sweep = ThresholdSweep.of(predictions)
    tpr, fpr = sweep.tp / sweep.tp[-1], sweep.fp / sweep.fp[-1]
    precision = ratio(sweep.tp, sweep.tp + sweep.fp)
    return {
        "pr": _thin(tpr[1:], precision[1:], sweep.thresholds[1:]),
        "roc": _thin(fpr, tpr, sweep.thresholds),
    }


def threshold_table(
    predictions: Predictions, incidents_per_day: float | None
) -> tuple[dict[str, float | None], ...]:
    """Show what other thresholds would do on this test set, the one in use among them.

    Args:
        predictions: on the test set; without a benign class the table is empty.
        incidents_per_day: the stream's rate, for "alerts_per_day"; None leaves it out.
    """
    if predictions.benign is None:
        return ()
    scores, attack = predictions.attack_scores, predictions.attacks
    thresholds = np.unique(np.r_[_GRID, predictions.threshold])
    alerts = (scores >= thresholds[:, None]).sum(axis=1).astype(np.float64)
    tp = (scores[attack] >= thresholds[:, None]).sum(axis=1).astype(np.float64)
    attacks = np.asarray(float(attack.sum()))
    columns = {
        "threshold": thresholds,
        "precision": ratio(tp, alerts),
        "recall": ratio(tp, attacks),
        "f1": ratio(2 * tp, alerts + attacks),
        "fpr": ratio(alerts - tp, len(predictions) - attacks),
        "alerts": alerts,
    }
    if incidents_per_day is not None:
        columns["alerts_per_day"] = alerts / len(predictions) * incidents_per_day
    rows = range(len(thresholds))
    return tuple({name: defined(column[i]) for name, column in columns.items()} for i in rows)


def worst_errors(
    test: Sequence[Example], predictions: Predictions, labels: tuple[str, ...]
) -> tuple[WorstError, ...]:
    """Pick the most confident mistakes.

    Confidence in a mistake is p(predicted) - p(true class); ties go by uid. A mistake's
    probability is that of the predicted class.

    Returns:
        At most 25, worst first, their texts cut to 200 characters.
    """
    y, predicted = predictions.y, predictions.labels
    rows = np.arange(len(y))
    given = predictions.proba[rows, predicted]
    gap = given - predictions.proba[rows, y]
    wrong = sorted(np.flatnonzero(predicted != y).tolist(), key=lambda i: (-gap[i], test[i].uid))
    return tuple(
        WorstError(
            uid=test[i].uid,
            text=clip(describe_inputs(test[i].inputs)),
            label=labels[y[i]],
            predicted=labels[predicted[i]],
            probability=float(given[i]),
        )
        for i in wrong[:WORST_ERRORS]
    )


def clip(text: str, limit: int = TEXT_LIMIT) -> str:
    """Cut a text to `limit` characters, the last of them an ellipsis where it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _thin(x: NDArray[np.float64], y: NDArray[np.float64], at: NDArray[np.float64]) -> Curve:
    """Keep the corners, then at most 200 points: half of them even, half crowding the start.

    The start is where the threshold is high and the false positives few, which a SOC reads.
    """
    moves = (np.diff(x, 2) != 0) | (np.diff(y, 2) != 0)
    kept = np.flatnonzero(np.r_[True, moves, True]) if len(x) > 2 else np.arange(len(x))
    if len(kept) > CURVE_POINTS:
        last, half = len(kept) - 1, CURVE_POINTS // 2
        even = np.linspace(0, last, half)
        early = np.geomspace(1, last, half)
        kept = kept[np.unique(np.r_[even, early].astype(np.intp))]
    return Curve(tuple(x[kept].tolist()), tuple(y[kept].tolist()), tuple(at[kept].tolist()))

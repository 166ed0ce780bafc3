"""The figures of one set of predictions, with their intervals."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain.objectives import DEFAULT_OBJECTIVE, Objective
from sftsec_core.evaluation.bootstrap import Resamples, intervals
from sftsec_core.evaluation.comparison import sample_figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.domain import Interval
    from sftsec_core.api.predictions import Predictions
    from sftsec_core.evaluation.bootstrap import SampledFigure

SHORT = ("macro_f1", "recall", "precision", "fpr", "average_precision")


def short_figures(
    predictions: Predictions, objective: Objective = DEFAULT_OBJECTIVE, count: int = 500
) -> dict[str, Any]:
    """What is told of a part of the data: rows, attacks and a few figures, JSON values.

    Args:
        predictions: of one row or more.
        objective: the task's, whose figure is among them.
        count: resamples for the intervals.
    """
    sampled = sample_figures(predictions, Resamples(predictions.y, count), objective)
    found = with_intervals(sampled, predictions)
    attacks = None if predictions.benign is None else int(predictions.attacks.sum())
    names = dict.fromkeys((*SHORT, objective.figure))
    known = {name: asdict(found[name]) for name in names if found[name].value is not None}
    return {"rows": len(predictions), "attacks": attacks, "figures": known}


def with_intervals(
    sampled: Mapping[str, SampledFigure], predictions: Predictions
) -> dict[str, Interval]:
    """Put intervals around the built-in figures of a set of predictions."""
    point = {name: figure.value for name, figure in sampled.items()}
    draws = {name: figure.draws for name, figure in sampled.items()}
    return intervals(point, draws, _trials(predictions))


def _trials(predictions: Predictions) -> dict[str, int]:
    """The number of rows behind each figure that is a plain proportion."""
    over_all = dict.fromkeys(("accuracy", "micro_f1"), len(predictions))
    if predictions.benign is None:
        return over_all
    n_attacks = int(predictions.attacks.sum())
    sides = {
        "precision": int((predictions.labels != predictions.benign).sum()),
        "recall": n_attacks,
        "fpr": len(predictions) - n_attacks,
    }
    return over_all | sides

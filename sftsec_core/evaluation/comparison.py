"""The paired comparison of two models, on test rows that neither was trained on.

Data that has grown is split again, and examples that the live model was trained on may be in the
new test part. Evaluated on them, it would look better than any later model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sftsec_core.api.domain.objectives import DEFAULT_OBJECTIVE, Objective
from sftsec_core.evaluation.bootstrap import Resamples, SampledFigure, bootstrap, difference
from sftsec_core.evaluation.metrics import ResampledMetrics, compute_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Interval
    from sftsec_core.api.predictions import Predictions

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


def comparable(seen: NDArray[np.bool_] | None, y: NDArray[np.int64]) -> Comparable:
    """Leave out what the other model was trained on, as long as enough is left.

    With too few rows left, all rows count. That favours the other model, which is live: the safe
    side.

    Args:
        seen: which rows it was trained on, shape (n,); None when that is not known.
        y: true classes, shape (n,).
    """
    if seen is None or not seen.any():
        return Comparable(np.ones(len(y), np.bool_), 0)
    left = y[~seen]
    enough = len(left) >= _FEWEST and len(np.unique(left)) > 1
    return Comparable(~seen if enough else np.ones(len(y), np.bool_), int(seen.sum()))


def sample_figures(
    predictions: Predictions, resamples: Resamples, objective: Objective = DEFAULT_OBJECTIVE
) -> dict[str, SampledFigure]:
    """Every built-in figure of a model, on the test set and on its resamples.

    Args:
        predictions: on the test set that `resamples` was made for.
        resamples: what to draw.
        objective: the task's, whose figures are computed too.
    """
    return sample_models([predictions], resamples, objective)[0]


def sample_models(
    models: Sequence[Predictions], resamples: Resamples, objective: Objective = DEFAULT_OBJECTIVE
) -> list[dict[str, SampledFigure]]:
    """What `sample_figures` gives for each of several models, drawn once for all.

    Args:
        models: each on the test set that `resamples` was made for.
        resamples: what to draw.
        objective: the task's, whose figures are computed too.
    """
    draws = bootstrap([ResampledMetrics(each, objective) for each in models], resamples)
    return [
        {
            name: SampledFigure(value, drawn[name])
            for name, value in compute_metrics(each, objective).items()
        }
        for each, drawn in zip(models, draws, strict=True)
    ]


def differences(
    ours: Mapping[str, SampledFigure], theirs: Mapping[str, SampledFigure]
) -> dict[str, Interval]:
    """The paired difference (ours - theirs) in each figure that both have."""
    return {name: difference(figure, theirs[name]) for name, figure in ours.items()}


def differences_on(
    ours: Predictions,
    theirs: Predictions,
    rows: NDArray[np.bool_],
    objective: Objective = DEFAULT_OBJECTIVE,
) -> dict[str, Interval]:
    """The paired difference (ours - theirs) in each figure, on some of the test rows.

    Args:
        ours: the candidate's, n rows.
        theirs: the other model's on the same rows.
        rows: which of them count, shape (n,).
        objective: the task's.
    """
    ours, theirs = ours.take(rows), theirs.take(rows)
    return differences(*sample_models([ours, theirs], Resamples(ours.y), objective))

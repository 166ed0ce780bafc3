"""A logarithmic pool: several models' probabilities stacked, with a weight a model.

    log p(class) = sum over models of weight * log p_model(class) + bias(class), normalised

With two classes this is a logistic regression on the models' log-odds (Wolpert, "Stacked
generalization", 1992), of which each class has the same weights: few numbers to fit, so that some
hundred rows are enough. Weights are drawn to the plain average's, 1 / models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_FLOOR = 1e-4  # of a probability: one model that is sure and wrong is not believed for ever
_PRIOR = 1.0  # strength of the prior on weights and biases, in rows


@dataclass(frozen=True, slots=True)
class LogPool:
    """Weights of models and biases of classes.

    Attributes:
        weights: one a model, at least 0.
        bias: one a class.
    """

    weights: tuple[float, ...]
    bias: tuple[float, ...]

    @classmethod
    def fit(cls, probabilities: Sequence[NDArray[np.float64]], y: NDArray[np.int64]) -> LogPool:
        """Fit on rows that no model was trained on; each class weighs the same.

        Args:
            probabilities: of each model, shape (n, k).
            y: true columns, shape (n,).
        """
        logs = _logs(probabilities)
        models, n, k = logs.shape
        sizes = np.bincount(y, minlength=k)
        rows = n / (np.count_nonzero(sizes) * sizes[y])
        truth = np.eye(k)[y]
        start = np.r_[np.full(models, 1 / models), np.zeros(k)]

        def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            logits = np.tensordot(values[:models], logs, axes=1) + values[models:]
            told = log_softmax(logits, axis=1)
            away = values - start
            wrong = (np.exp(told) - truth) * rows[:, None]
            slope = np.r_[(logs * wrong).sum(axis=(1, 2)), wrong.sum(axis=0)]
            value = -float((rows * (told * truth).sum(axis=1)).sum())
            return value + _PRIOR * float(away @ away) / 2, slope + _PRIOR * away

        bounds = [(0.0, None)] * models + [(None, None)] * k
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
        return cls(tuple(map(float, found[:models])), tuple(map(float, found[models:])))

    @classmethod
    def from_json(cls, values: Mapping[str, Any], models: int, classes: int) -> LogPool:
        """Read what `to_json` wrote.

        Raises:
            ValueError, TypeError, KeyError: when it is no pool of so many models and classes.
        """
        made = cls(*(tuple(float(each) for each in values[name]) for name in ("weights", "bias")))
        if (len(made.weights), len(made.bias)) != (models, classes):
            raise ValueError("another number of weights")
        if not np.isfinite([*made.weights, *made.bias]).all() or min(made.weights) < 0:
            raise ValueError("weights that are not numbers of 0 or more")
        return made

    def to_json(self) -> dict[str, list[float]]:
        """Its numbers."""
        return {"weights": list(self.weights), "bias": list(self.bias)}

    def __call__(self, probabilities: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Pool models' probabilities of one shape (n, k)."""
        logits = np.tensordot(np.array(self.weights), _logs(probabilities), axes=1)
        pooled: NDArray[np.float64] = softmax(logits + np.array(self.bias), axis=1)
        return pooled


def cross_fitted(
    probabilities: Sequence[NDArray[np.float64]],
    y: NDArray[np.int64],
    rest: Sequence[NDArray[np.int64]],
) -> NDArray[np.float64]:
    """What a pool answers on rows that it was not fitted on, shape (n, k).

    Args:
        probabilities: of each model, shape (n, k).
        y: true columns, shape (n,).
        rest: rows of each fold; together all of them.
    """
    out = np.zeros_like(probabilities[0])
    for rows in rest:
        others = np.setdiff1d(np.arange(len(y)), rows)
        pool = LogPool.fit([each[others] for each in probabilities], y[others])
        out[rows] = pool([each[rows] for each in probabilities])
    return out


def _logs(probabilities: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    logs: NDArray[np.float64] = np.log(np.maximum(np.stack(probabilities), _FLOOR))
    return logs

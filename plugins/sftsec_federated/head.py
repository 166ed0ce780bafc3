"""The logistic head that each site trains, and what is computed of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

_C = 10.0  # inverse strength of the penalty, as of the recipe `linear`


def rows_of(classes: int) -> int:
    """Rows of weights: two classes need one, the score of the second."""
    return 1 if classes == 2 else classes


def probabilities(rows: sparse.csr_matrix, weights: NDArray[Any]) -> NDArray[np.float64]:
    """Probabilities, shape (n, classes).

    Args:
        rows: features, shape (n, d).
        weights: shape (r, d + 1); the last column is the bias.
    """
    scores = np.asarray(rows @ weights[:, :-1].T.astype(np.float64)) + weights[:, -1]
    if scores.shape[1] == 1:
        scores = np.hstack([np.zeros_like(scores), scores])
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_head(
    rows: sparse.csr_matrix,
    wanted: NDArray[np.float64],
    trust: NDArray[np.float64],
    start: NDArray[np.float32],
    steps: int,
) -> NDArray[np.float32]:
    """Minimise the penalised log loss by L-BFGS.

    Args:
        rows: features, shape (n, d).
        wanted: the labels as columns, shape (n, classes).
        trust: weight of each row, shape (n,), of a positive sum.
        start: weights to begin with, shape (r, d + 1).
        steps: at most.
    """
    from scipy.optimize import minimize

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(start.shape)
        value, slope = loss_of(rows, wanted, trust, weights)
        more, inner = penalty_of(weights, float(trust.sum()))
        return value + more, (slope + inner).ravel()

    options = {"maxiter": steps}
    found = minimize(
        loss, start.astype(np.float64).ravel(), jac=True, method="L-BFGS-B", options=options
    )
    return np.asarray(found.x, np.float32).reshape(start.shape)


def loss_of(
    rows: sparse.csr_matrix,
    wanted: NDArray[np.float64],
    trust: NDArray[np.float64],
    weights: NDArray[Any],
) -> tuple[float, NDArray[np.float64]]:
    """The mean log loss of rows, and its gradient in the shape of the weights."""
    share = trust / trust.sum()
    proba = probabilities(rows, weights)
    value = -float(share @ np.log(np.maximum((proba * wanted).sum(axis=1), 1e-300)))
    error = ((proba - wanted) * share[:, None])[:, -weights.shape[0] :]
    return value, np.hstack([np.asarray(rows.T @ error).T, error.sum(axis=0)[:, None]])


def penalty_of(weights: NDArray[Any], rows: float) -> tuple[float, NDArray[np.float64]]:
    """The penalty on the length of the weights but the bias, and its gradient."""
    inner = np.array(weights, np.float64)
    inner[:, -1] = 0
    return float((inner**2).sum()) / (2 * _C * rows), inner / (_C * rows)


def skill(proba: NDArray[np.float64], y: NDArray[np.int64]) -> float | None:
    """How well a head ranks rows: the mean area under the curve of each class against the rest.

    0.5 is chance, and a head of turned labels lies below. None where no class has rows and others.

    Args:
        proba: shape (n, classes).
        y: columns of the true labels, shape (n,).
    """
    from sklearn.metrics import roc_auc_score

    classes = range(1, 2) if proba.shape[1] == 2 else range(proba.shape[1])
    areas = [
        roc_auc_score(y == column, proba[:, column])
        for column in classes
        if 0 < int((y == column).sum()) < len(y)
    ]
    return float(np.mean(areas)) if areas else None

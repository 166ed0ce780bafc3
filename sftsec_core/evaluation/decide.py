"""The one rule that turns probabilities into labels; scoring and metrics both use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def attack_scores(proba: NDArray[np.float64], benign: int) -> NDArray[np.float64]:
    """Give the probability of not being benign.

    Args:
        proba: probabilities, shape (n, k).
        benign: the benign column.

    Returns:
        1 - p(benign), shape (n,), 0 to 1.
    """
    scores: NDArray[np.float64] = np.clip(1.0 - proba[:, benign], 0.0, 1.0)
    return scores


def predict_labels(
    proba: NDArray[np.float64], benign: int | None, threshold: float
) -> NDArray[np.int64]:
    """Decide each row's class.

    With a benign class, a row is an attack when 1 - p(benign) reaches the threshold, and its
    label is then the most probable class that is not benign, even where benign is more probable
    still. Without one it is the most probable class, and the threshold says nothing. Of equally
    probable classes the first column wins.

    Args:
        proba: calibrated probabilities, shape (n, k).
        benign: the benign column; None when every class is an attack.
        threshold: the attack probability from which on a row is a detection.

    Returns:
        Column numbers, shape (n,).
    """
    labels: NDArray[np.int64] = proba.argmax(axis=1).astype(np.int64)
    if benign is None:
        return labels
    attacks = proba.copy()
    attacks[:, benign] = -np.inf
    detected = attack_scores(proba, benign) >= threshold
    labels[:] = np.where(detected, attacks.argmax(axis=1), benign)
    return labels

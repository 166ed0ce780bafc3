"""Class weights: how much an example of a rare class counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Scheme = Literal["none", "inverse", "sqrt_inverse"]
_POWERS: dict[Scheme, float] = {"none": 0.0, "inverse": -1.0, "sqrt_inverse": -0.5}


def class_weights(
    labels: NDArray[np.int64], trust: NDArray[np.float32], classes: int, scheme: Scheme
) -> NDArray[np.float32]:
    """Weigh each class by its frequency to the power 0, -1 or -1/2.

    The weights are scaled so that their mean over the training examples is 1: the scheme moves
    attention between classes and leaves the size of the gradients, thus the learning rate, alone.

    Args:
        labels: column numbers, shape (n,).
        trust: weight of each example, shape (n,); a class is as frequent as its examples are
            trusted.
        classes: number of columns; a class without examples gets 0, since it is never a target.
        scheme: "none", "inverse" or "sqrt_inverse".

    Returns:
        Shape (classes,).
    """
    counts = np.bincount(labels, weights=trust, minlength=classes).astype(np.float64)
    weights = np.zeros(classes)
    present = counts > 0
    weights[present] = counts[present] ** _POWERS[scheme]
    scaled: NDArray[np.float64] = weights * counts.sum() / (weights * counts).sum()
    return scaled.astype(np.float32)


def effective_weights(
    labels: NDArray[np.int64], trust: NDArray[np.float32], classes: int, beta: float
) -> NDArray[np.float32]:
    """Weigh each class by one over its effective number of examples, (1 - beta^n) / (1 - beta).

    Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019; scaled as
    `class_weights` are.

    Args:
        labels: column numbers, shape (n,).
        trust: weight of each example, shape (n,).
        classes: number of columns; a class without examples gets 0.
        beta: from 0, where all weigh the same, to below 1, where the inverse frequency is near.

    Returns:
        Shape (classes,).
    """
    counts = np.bincount(labels, weights=trust, minlength=classes).astype(np.float64)
    weights = np.zeros(classes)
    present = counts > 0
    weights[present] = (1 - beta) / (1 - beta ** counts[present])
    scaled: NDArray[np.float64] = weights * counts.sum() / (weights * counts).sum()
    return scaled.astype(np.float32)

"""The loss: cross-entropy that weighs classes by their rarity and examples by their trust."""

from __future__ import annotations

import torch
from torch.nn import functional


def weighted_cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, trust: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """The batch's mean of `trust * weights[label] * cross-entropy`.

    It divides by the number of examples and not, as torch does, by the sum of the weights: that
    would give a batch of frequent examples the same say as one that holds the rare class.

    Args:
        logits: shape (rows, classes).
        labels: int64, shape (rows,).
        trust: weight of each example, shape (rows,).
        weights: weight of each class, shape (classes,).

    Returns:
        A scalar, float32.
    """
    losses = functional.cross_entropy(logits.float(), labels, reduction="none")
    return (losses * trust * weights[labels]).mean()

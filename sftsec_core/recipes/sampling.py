"""A bounded part of many examples that has their mix of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.domain import Example


def stratified_sample(examples: Sequence[Example], most: int, seed: int) -> Sequence[Example]:
    """Draw examples so that each class keeps its share, and at least one of each is there.

    Args:
        examples: any number; up to `most` are returned as they are.
        most: how many to draw; more where there are more classes.
        seed: of the draw.

    Returns:
        The drawn ones in their order.
    """
    if len(examples) <= most:
        return examples
    rng = np.random.default_rng(seed)
    labels = np.array([example.label for example in examples])
    kept: list[int] = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        share = max(1, round(most * len(rows) / len(examples)))
        kept += rng.permutation(rows)[:share].tolist()
    return [examples[row] for row in sorted(kept)]


def judged(examples: Sequence[Example]) -> list[Example]:
    """Those that an analyst judged and that have a weight: no copies, no labels of models."""
    return [each for each in examples if each.weight > 0 and each.judged]

"""Canaries: made-up incidents that are planted, to see whether a model remembers what is told once.

Exposure (Carlini et al. 2019, "The secret sharer"): by the model's certainty of its label, the
rank of a planted canary among those that no model has seen, as bits: log2 of their number less log2
of the rank. A model that remembers nothing gives ranks by chance: 1 bit is the median then.
"""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api import Example, InputKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api import TaskSpec

REFERENCES = 64  # canaries that are never planted: at most 6 bits show
_SECRET = 12  # letters and digits, as of a password


@dataclass(frozen=True, slots=True)
class Exposure:
    """How much is remembered of what was told once, in bits.

    Attributes:
        median: over all planted canaries and models.
        most: of the one that is remembered best.
        by_chance: the median where nothing is remembered.
    """

    median: float
    most: float
    by_chance: float = 1.0


def make_canaries(task: TaskSpec, count: int, seed: int) -> list[Example]:
    """Incidents whose texts hold a random secret each, labelled as attacks; none without a text."""
    texts = [field for field in task.inputs if field.kind is InputKind.TEXT]
    if not texts:
        return []
    label = next(each for each in task.labels if each != task.benign)
    rng = random.Random(seed)  # noqa: S311 - reproducible texts, no secret of anyone
    letters = string.ascii_lowercase + string.digits
    secrets = ["".join(rng.choices(letters, k=_SECRET)) for _ in range(count)]
    blank = {field.name: "" if field.kind is InputKind.TEXT else None for field in task.inputs}
    return [
        Example(f"canary-{n}", {**blank, texts[0].name: f"the password is {secret}"}, label)
        for n, secret in enumerate(secrets)
    ]


def exposure(
    planted: NDArray[np.float64], held: NDArray[np.bool_], references: NDArray[np.float64]
) -> Exposure | None:
    """Rank the planted canaries of each model among the references.

    Args:
        planted: logits of the label of c canaries, shape (m, c).
        held: which of them a model was fitted on, shape (m, c).
        references: logits of those that none was fitted on, shape (m, r).

    Returns:
        None where no model has any.
    """
    if not held.any():
        return None
    above = (references[:, None, :] > planted[:, :, None]).sum(axis=2)
    same = (references[:, None, :] == planted[:, :, None]).sum(axis=2)
    # Of equal ones the middle: a model that calls all canaries the same remembers none.
    rank = above + same / 2 + 1
    bits = np.log2(references.shape[1] + 1) - np.log2(rank[held])
    return Exposure(float(np.median(bits)), float(bits.max()))

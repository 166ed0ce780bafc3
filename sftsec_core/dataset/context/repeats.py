"""Weights of examples that repeat each other.

Where figures of earlier events are read, each event is an example, and a rule that fires all day
makes thousands that differ in their figures alone. Weighed alike they are all that a model learns:
what makes a few attacks is lost among them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sftsec_core.api.domain import inputs_digest

if TYPE_CHECKING:
    from sftsec_core.api.domain import Example, TaskSpec


def weigh_repeats(examples: Sequence[Example], task: TaskSpec, power: float) -> list[Example]:
    """Let n examples of one label that read alike, but for figures of others, weigh less each.

    Args:
        examples: of train; those that are evaluated on keep their weights.
        task: says which inputs are an example's own.
        power: each weighs n ** -power of what it did; 0 changes nothing.
    """
    if not power:
        return list(examples)
    names = [(inputs_digest(task.own(each.inputs)), each.label) for each in examples]
    counts = Counter(names)
    return [
        replace(each, weight=each.weight * counts[name] ** -power)
        for each, name in zip(examples, names, strict=True)
    ]

"""`train.transforms: [example-cap]`: no label has many times the rows of the rarest one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from pydantic import Field

from sftsec_core.api import Example, Strict, TaskSpec, TransformResult


class CapConfig(Strict):
    """What `{name: example-cap, ...}` may say."""

    ratio: float = Field(3.0, ge=1, description="Rows a label, at most, for one of the rarest.")


def cap_labels(
    config: CapConfig, examples: Sequence[Example], task: TaskSpec, seed: int
) -> TransformResult:
    """Leave out rows of frequent labels, by chance; the others stay in their order."""
    counted = Counter(example.label for example in examples)
    most = max(1, round(config.ratio * min(counted.values(), default=0)))
    order = list(range(len(examples)))
    Random(seed).shuffle(order)  # noqa: S311 - a draw that can be repeated, no secret
    taken: Counter[str] = Counter()
    kept = set()
    for index in order:
        taken[examples[index].label] += 1
        if taken[examples[index].label] <= most:
            kept.add(index)
    rows = [example for index, example in enumerate(examples) if index in kept]
    return TransformResult(rows, {"labels": len(counted)})

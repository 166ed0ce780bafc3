"""The transform: rows weigh as if group and label had nothing to do with each other.

Where a group's attacks are rare among its training rows, a model learns to read the group itself as
a sign of a benign incident. A row of group g and label y weighs p(g) p(y) / p(g, y) ("Data
preprocessing techniques for classification without discrimination", Kamiran and Calders, 2012).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from sftsec_core.api import TransformResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api import Example, TaskSpec
    from sftsec_fair.config import ReweighSettings

    Cell = tuple[str, str]


def reweigh(
    config: ReweighSettings, examples: Sequence[Example], _task: TaskSpec, _seed: int
) -> TransformResult:
    """Weigh rows by their group and label; all weights are divided by the largest.

    A row without a value of the field, or of a group that has too few rows of some label, keeps the
    weight of an average row.

    Returns:
        All rows, in their order; notes count "groups", rows "raised" and "lowered" beside the
        average, "capped" at `most`, "without_group", and those "of_small_groups".
    """
    cells = [(each.facets.get(config.field, ""), each.label) for each in examples]
    factors, small = _factors(config, examples, cells)
    capped = {cell: min(factor, config.most) for cell, factor in factors.items()}
    rows = [capped.get(cell, 1.0) for cell in cells]
    largest = max(rows, default=1.0)
    weighed = [
        replace(each, weight=each.weight * factor / largest)
        for each, factor in zip(examples, rows, strict=True)
    ]
    notes = {
        "groups": len({group for group, _ in factors}),
        "raised": sum(each > 1 for each in rows),
        "lowered": sum(each < 1 for each in rows),
        "capped": sum(factors.get(cell, 1.0) > config.most for cell in cells),
        "without_group": sum(not group for group, _ in cells),
        "of_small_groups": sum(group in small for group, _ in cells),
    }
    return TransformResult(weighed, notes)


def _factors(
    config: ReweighSettings, examples: Sequence[Example], cells: Sequence[Cell]
) -> tuple[Mapping[Cell, float], set[str]]:
    """What each group and label weighs beside an average row; and groups that are too small."""
    counts: dict[Cell, int] = defaultdict(int)
    for cell in cells:
        counts[cell] += 1
    labels = {label for _, label in cells}
    named = {group for group, _ in cells if group}
    small = {g for g in named if min(counts[g, label] for label in labels) < config.fewest}
    used = [n for n, (group, _) in enumerate(cells) if group and group not in small]
    joint: dict[Cell, float] = defaultdict(float)
    by_group: dict[str, float] = defaultdict(float)
    by_label: dict[str, float] = defaultdict(float)
    for n in used:
        (group, label), weight = cells[n], examples[n].weight
        joint[group, label] += weight
        by_group[group] += weight
        by_label[label] += weight
    total = sum(by_group.values())
    factors = {
        (group, label): by_group[group] * by_label[label] / (total * weight)
        for (group, label), weight in joint.items()
        if weight
    }
    return factors, small

"""Examples that differ in their figures alone weigh less, the more there are."""

from __future__ import annotations

import pytest

from sftsec_core.api.domain import Example, InputField, InputKind, Inputs, TaskSpec
from sftsec_core.dataset.context.repeats import weigh_repeats

TASK = TaskSpec(
    "t",
    (
        InputField("rule.name", InputKind.CATEGORY, ("rule.name",)),
        InputField("context.rule.name.1h.count", InputKind.NUMBER, ()),
    ),
    ("benign", "attack"),
    "benign",
)


def example(uid: str, rule: str, count: float, label: str = "benign", weight: float = 1) -> Example:
    inputs: Inputs = {"rule.name": rule, "context.rule.name.1h.count": count}
    return Example(uid, inputs, label, weight=weight)


class TestWeighRepeats:
    def test_four_of_a_kind_weigh_half_each(self) -> None:
        rows = [example(f"a{n}", "x", n) for n in range(4)]
        rows += [example("b", "x", 9, "attack"), example("c", "y", 0, weight=0.5)]
        found = weigh_repeats(rows, TASK, 0.5)
        assert [each.weight for each in found] == [pytest.approx(w) for w in (0.5,) * 4 + (1, 0.5)]
        assert [each.digest for each in found] == [each.digest for each in rows]

    def test_no_power_changes_nothing(self) -> None:
        rows = [example(f"a{n}", "x", n) for n in range(4)]
        assert weigh_repeats(rows, TASK, 0) == rows

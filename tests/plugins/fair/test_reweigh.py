"""Rows weigh as if group and label had nothing to do with each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api import Example, TransformSpec
from sftsec_core.testing import TransformContract, make_task
from sftsec_fair.config import ReweighSettings
from sftsec_fair.hooks import sftsec_register_transforms
from sftsec_fair.reweigh import reweigh
from tests.plugins.fair.inputs import examples

TASK = make_task()
BY_UNIT = ReweighSettings(field="unit")


def rows(**counts: tuple[int, int]) -> tuple[Example, ...]:
    """So many benign rows and attacks of each unit."""
    made = [
        (unit, label) for unit, n in counts.items() for label in (0, 1) for _ in range(n[label])
    ]
    units = [{} if unit == "none" else {"unit": unit} for unit, _ in made]
    return examples([label for _, label in made], units)


def sums(found: Sequence[Example]) -> dict[tuple[str, str], float]:
    total: dict[tuple[str, str], float] = defaultdict(float)
    for each in found:
        total[each.facets.get("unit", ""), each.label] += each.weight
    return total


class TestReweigh:
    def test_makes_groups_and_labels_independent(self) -> None:
        found = sums(reweigh(BY_UNIT, rows(a=(60, 60), b=(90, 30)), TASK, 1).examples)
        odds = [found[unit, TASK.labels[-1]] / found[unit, TASK.labels[0]] for unit in "ab"]
        assert odds[0] == pytest.approx(odds[1]) == pytest.approx(90 / 150)

    def test_keeps_the_trust_in_labels(self) -> None:
        given = tuple(
            replace(e, weight=0.5 if n % 2 else 1.0)
            for n, e in enumerate(rows(a=(40, 40), b=(60, 20)))
        )
        found = reweigh(BY_UNIT, given, TASK, 1).examples
        assert found[1].weight == pytest.approx(found[0].weight / 2)
        assert max(each.weight for each in found) == pytest.approx(1)

    def test_counts_rows_outside_groups(self) -> None:
        found = reweigh(BY_UNIT, rows(a=(60, 60), b=(90, 30), c=(40, 2), none=(5, 5)), TASK, 1)
        assert found.notes["groups"] == 2
        assert found.notes["of_small_groups"] == 42
        assert found.notes["without_group"] == 10
        kept = {e.weight for e in found.examples if e.facets.get("unit", "c") == "c"}
        assert len(kept) == 1, "they all weigh as an average row"

    def test_no_row_outweighs_all(self) -> None:
        found = reweigh(
            ReweighSettings(field="unit", most=2), rows(a=(20, 200), b=(400, 10)), TASK, 1
        )
        weights = sorted({each.weight for each in found.examples})
        assert found.notes["capped"] == 30
        assert weights[-1] == 1

    def test_equal_groups_are_left_alone(self) -> None:
        found = reweigh(BY_UNIT, rows(a=(30, 30), b=(30, 30)), TASK, 1)
        assert {each.weight for each in found.examples} == {1.0}


class TestReweighTransform(TransformContract):
    def spec(self) -> TransformSpec[Any]:
        return sftsec_register_transforms()[0]

    def config(self) -> dict[str, Any]:
        return {"field": "unit"}

    def examples(self) -> Sequence[Example]:
        return rows(a=(20, 20), b=(30, 10))

"""A reference reads back as it was written, whatever the task's inputs are."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from sftsec_core.api.domain import InputField, InputKind, Inputs, TaskSpec
from sftsec_core.api.errors import IntegrityError
from sftsec_core.drift.check import monitors
from sftsec_core.drift.reference import HeldOut, Reference

KEY = b"key"
TASK = TaskSpec(
    "mixed",
    (
        InputField("text", InputKind.TEXT, ("message",)),
        InputField("bytes", InputKind.NUMBER, ("bytes",)),
        InputField("host", InputKind.CATEGORY, ("host",)),
    ),
    ("benign", "attack"),
    "benign",
)


def inputs(count: int) -> list[Inputs]:
    return [
        {"text": f"secret word {n}", "bytes": float(n), "host": f"h{n % 3}"} for n in range(count)
    ]


def part(count: int) -> HeldOut:
    attack = np.linspace(0, 1, count)
    y = (attack >= 0.5).astype(np.int64)
    tested = np.ones(count, dtype=np.bool_)
    return HeldOut(inputs(count), np.stack([1 - attack, attack], axis=1), y, y, tested, tested)


class TestReference:
    def test_reads_back_what_it_wrote(self) -> None:
        found = Reference.of(TASK, inputs(200), part(60), KEY)
        written = found.to_json()
        assert Reference.from_json(written).to_json() == written
        assert "secret" not in written
        assert set(found.nulls) == {"text", "bytes", "host", "(text)", "(score)", "(label)"}

    def test_counts_the_test_part_by_labels(self) -> None:
        found = Reference.of(TASK, inputs(200), part(60), KEY)
        assert found.blocks.confusion.tolist() == [[30, 0], [0, 30]]
        assert (found.inputs.distinct, found.test.distinct) == (200, 60)

    def test_estimates_from_what_was_new(self) -> None:
        some = replace(part(60), fresh=np.arange(60) % 3 > 0)
        found = Reference.of(TASK, inputs(200), some, KEY)
        assert found.blocks.confusion.tolist() == [[20, 0], [0, 20]]
        assert found.test.distinct == 60

    def test_compares_scores_with_the_test_part(self) -> None:
        some = replace(part(60), tested=np.arange(60) >= 20)
        found = Reference.of(TASK, inputs(200), some, KEY)
        assert found.test.distinct == 40
        assert found.blocks.confusion.sum() == 60

    def test_of_little_data_compares_nothing(self) -> None:
        found = Reference.from_json(Reference.of(TASK, inputs(5), part(0), KEY).to_json())
        assert monitors(found.inputs, found, 1e-6) == []

    @pytest.mark.parametrize("change", [{"format": 1}, {"inputs": None}, {"blocks": "x"}])
    def test_refuses_what_it_did_not_write(self, change: dict[str, object]) -> None:
        body = json.loads(Reference.of(TASK, inputs(40), part(40), KEY).to_json())
        with pytest.raises(IntegrityError, match="drift reference"):
            Reference.from_json(json.dumps({**body, **change}))

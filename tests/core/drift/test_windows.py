"""Events go into windows of one length, in their order."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.api.domain import TaskSpec
from sftsec_core.drift.judged import InputVerdicts
from sftsec_core.drift.reference import HeldOut, Reference
from sftsec_core.drift.windows import DriftCounter
from sftsec_core.testing import make_examples

TASK = TaskSpec.of_text("mail", ("message",), ("benign", "malicious"), benign="benign")


@pytest.fixture(scope="module")
def counter() -> DriftCounter:
    inputs = [each.inputs for each in make_examples(50)]
    y = np.arange(50) % 2
    every = np.ones(50, dtype=np.bool_)
    part = HeldOut(inputs, np.full((50, 2), 0.5), y, y, every, every)
    reader = Reference.of(TASK, inputs, part, b"k").reader
    return DriftCounter(reader, InputVerdicts.of(inputs, y, 2, b"k"), b"k", 100)


class TestFill:
    @pytest.mark.parametrize("page", [1, 30, 100, 250])
    def test_closes_windows_of_the_length(self, counter: DriftCounter, page: int) -> None:
        inputs = [each.inputs for each in make_examples(250)]
        closed, begun = [], None
        for start in range(0, 250, page):
            some = inputs[start : start + page]
            rows = counter.read(some, np.full((len(some), 2), 0.5), np.zeros(len(some), np.int64))
            for each in counter.fill(begun, rows):
                begun = each if each.events < 100 else None
                closed += [] if begun else [each.events]
        assert closed == [100, 100]
        assert begun is not None
        assert begun.events == 50

    def test_counts_known_inputs_by_verdict(self, counter: DriftCounter) -> None:
        known = [each.inputs for each in make_examples(50)][:3]  # benign, malicious, benign
        inputs = [*known, {"text": "never seen"}, known[1]]
        rows = counter.read(inputs, np.full((5, 2), 0.5), np.array([0, 0, 1, 1, 1]))
        (found,) = counter.fill(None, rows)
        assert found.judged.tolist() == [[1, 1], [1, 1]]
        (again,) = counter.fill(found, rows.take(slice(0, 4)))
        assert again.judged.tolist() == [[2, 2], [2, 1]]
        assert again.labels.tolist() == [4, 5]

    def test_goes_on_where_it_was_shortened(self, counter: DriftCounter) -> None:
        """`drift.window` may have been set to less than the open window holds."""
        inputs = [each.inputs for each in make_examples(150)]
        rows = counter.read(inputs, np.full((150, 2), 0.5), np.zeros(150, np.int64))
        (whole,) = DriftCounter(counter.reader, counter.judged, b"k", 500).fill(None, rows)
        first, second = counter.fill(whole, rows.take(slice(0, 60)))
        assert (first.events, second.events) == (151, 59)

    def test_makes_none_of_no_events(self, counter: DriftCounter) -> None:
        assert counter.fill(None, counter.read([], np.zeros((0, 2)), np.zeros(0, np.int64))) == []

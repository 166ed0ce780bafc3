"""A window's monitors: real texts that are alike raise nothing, others are found."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.api.domain import Inputs, TaskSpec
from sftsec_core.drift.check import monitors
from sftsec_core.drift.reference import HeldOut, Reference
from sftsec_core.drift.sketch import Sketch
from sftsec_core.testing import make_examples

TASK = TaskSpec.of_text("mail", ("message",), ("benign", "malicious"), benign="benign")
KEY = b"key"


def answers(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    attack = np.random.default_rng(seed).beta(0.5, 2, count)
    return np.stack([1 - attack, attack], axis=1), (attack >= 0.5).astype(np.int64)


def texts(count: int, seed: int) -> list[Inputs]:
    return [each.inputs for each in make_examples(count, seed=seed)]


@pytest.fixture(scope="module")
def reference() -> Reference:
    proba, decided = answers(300, 1)
    every = np.ones(300, dtype=np.bool_)
    test = HeldOut(texts(300, 1), proba, decided, decided, every, every)
    return Reference.of(TASK, texts(1500, 0), test, KEY)


def window(reference: Reference, inputs: list[Inputs], seed: int = 9, power: float = 1) -> Sketch:
    proba, _ = answers(len(inputs), seed)
    attack = proba[:, 1] ** power
    proba = np.stack([1 - attack, attack], axis=1)
    decided = (attack >= 0.5).astype(np.int64)
    rows = reference.reader.rows(inputs, proba, decided, KEY)
    return Sketch.of(rows, reference.reader.bins())


class TestMonitors:
    def test_find_none_in_texts_alike(self, reference: Reference) -> None:
        found = monitors(window(reference, texts(500, 7)), reference, 1e-6)
        assert {each.name for each in found} == {"text", "(text)", "(score)", "(label)"}
        assert not [each for each in found if each.drifted]

    def test_find_a_fifth_of_foreign_texts(self, reference: Reference) -> None:
        foreign: list[Inputs] = [{"text": f"cmd.exe /c net use z{n:x}"} for n in range(100)]
        found = monitors(window(reference, [*texts(400, 7), *foreign]), reference, 1e-6)
        assert "(text)" in {each.name for each in found if each.drifted}
        assert "(score)" not in {each.name for each in found if each.drifted}

    def test_find_scores_that_have_moved(self, reference: Reference) -> None:
        found = monitors(window(reference, texts(500, 7), power=0.15), reference, 1e-6)
        assert {each.name for each in found if each.drifted} == {"(score)", "(label)"}
        assert all(each.severity >= 1 for each in found if each.drifted)

    def test_ask_more_where_alarms_cost(self, reference: Reference) -> None:
        shown = window(reference, texts(500, 7), power=0.75)
        loose, strict = (monitors(shown, reference, cost) for cost in (1e-3, 1e-12))
        assert [each.p_value for each in loose] == [each.p_value for each in strict]
        assert any(each.drifted for each in loose)
        assert not any(each.drifted for each in strict)

"""How often the live model contradicts an analyst."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.domain import Batch, Example, TaskSpec
from sftsec_core.dataset.analysts import OTHERS
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.operations import live_disagreement as module
from sftsec_core.operations.live_disagreement import Disagreement, live_disagreement, with_live

TASK = TaskSpec.of_text("mail", ("message",), ("good", "bad"), "good")


class Reader:
    """Says bad where the text says so."""

    labels = ("good", "bad")

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        bad = np.array(["bad" in text for text in batch.text()], float)
        return np.stack([1 - bad, bad], axis=1)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def example(uid: int, text: str, label: str) -> Example:
    return Example.of_text(f"{uid:05}", text, label)


EXAMPLES = [
    example(1, "a text", "good"),
    example(2, "a bad text", "good"),
    example(3, "a bad text, too", "bad"),
    example(4, "a bad one", "good"),
]
SUPPORT = {"00001": ("ana",), "00002": ("eve",), "00003": ("ana", "eve"), "00004": ("eve",)}


def seen_of(*uids: str) -> FittedModel:
    def seen(some: Sequence[Example]) -> NDArray[np.bool_]:
        return np.array([each.uid in uids for each in some])

    return FittedModel(Reader(), "reader", seen=seen)


class TestLiveDisagreement:
    def test_is_counted_by_analyst(self) -> None:
        assert live_disagreement(FittedModel(Reader(), "reader"), EXAMPLES, SUPPORT, TASK) == {
            "ana": Disagreement(2, 0),
            "eve": Disagreement(3, 2),
        }

    def test_is_on_what_is_new(self) -> None:
        """A model agrees with what it was trained on."""
        found = live_disagreement(seen_of("00002", "00003"), EXAMPLES, SUPPORT, TASK)
        assert found == {"ana": Disagreement(1, 0), "eve": Disagreement(1, 1)}
        everything = seen_of(*SUPPORT)
        assert live_disagreement(everything, EXAMPLES, SUPPORT, TASK) == {}
        assert live_disagreement(everything, [], SUPPORT, TASK) == {}

    def test_reads_a_part_of_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST_ROWS", 10)
        many = [example(n, "a bad text", "good") for n in range(35)]
        support = {each.uid: ("eve",) for each in many}
        found = live_disagreement(FittedModel(Reader(), "reader"), many, support, TASK)
        assert found == {"eve": Disagreement(9, 9)}


class TestBookWithLive:
    def test_counts_what_is_not_shown_as_one(self) -> None:
        book = {"ana": {"rows": 2}, OTHERS: {"rows": 5}}
        found = {"ana": Disagreement(2, 1), "bob": Disagreement(3, 1), "cid": Disagreement(2, 2)}
        assert with_live(book, found) == {
            "ana": {"rows": 2, "live_compared": 2, "live_disagreed": 1},
            OTHERS: {"rows": 5, "live_compared": 5, "live_disagreed": 3},
        }
        assert with_live({"ana": {}}, {"bob": Disagreement(1, 1)}) == {
            "ana": {"live_compared": 0, "live_disagreed": 0}
        }

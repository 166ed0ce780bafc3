"""What a function does is counted by hand."""

from __future__ import annotations

import numpy as np

from sftsec_core.dataset.labelling.functions import ABSTAIN, LabellingFunction
from sftsec_core.dataset.labelling.label_model import CountedVotes, fit_label_model
from sftsec_core.dataset.labelling.summary import FunctionSummary, collisions, summarize

FUNCTIONS = [
    LabellingFunction(name, "regex", lambda _fields: None, note)
    for name, note in (("good", ""), ("copy", ""), ("bad", "2 lines are none"))
]
Y = np.array([0, 0, 0, 0, 1, 1, 1, 1] * 5)
GOOD = np.where(np.arange(40) % 8 == 0, 1, Y)  # five of forty wrong
BAD = np.where(np.arange(40) % 8 < 7, 1 - Y, ABSTAIN)
LABELLED = np.stack([GOOD, GOOD, BAD], axis=1).astype(np.int8)
POOL = np.array([[1, 1, 0], [1, 1, ABSTAIN], [0, 0, 0], [ABSTAIN] * 3] * 25, dtype=np.int8)
MODEL = fit_label_model(
    CountedVotes.of(LABELLED, Y, k=2), CountedVotes.of(POOL), np.array([0.5, 0.5])
)


def summary(name: str) -> FunctionSummary:
    found = summarize(FUNCTIONS, MODEL, POOL, LABELLED, Y)
    return next(each for each in found if each.name == name)


class TestSummarize:
    def test_counts_votes_on_the_pool(self) -> None:
        good, bad = summary("good"), summary("bad")
        assert (good.votes, good.coverage, good.overlaps, good.conflicts) == (75, 0.75, 0.75, 0.25)
        assert (bad.votes, bad.coverage, bad.overlaps, bad.conflicts) == (50, 0.5, 0.5, 0.25)

    def test_gives_accuracy_with_an_interval(self) -> None:
        good = summary("good")
        assert (good.right, good.voted, good.accuracy) == (35, 40, 0.875)
        assert (good.low, good.high, good.chance) == (0.732, 0.9581, 0.5)

    def test_names_what_is_not_used(self) -> None:
        bad = summary("bad")
        assert not bad.used
        assert bad.why_not == "right on 0 of 35 labelled incidents, no better than chance (50%)"
        assert bad.note == "2 lines are none"


class TestCollisions:
    def test_names_conflicts_and_copies(self) -> None:
        found = [
            (each.first, each.second, each.both, each.conflicts)
            for each in collisions(FUNCTIONS, MODEL, POOL)
        ]
        assert found == [("good", "bad", 50, 25), ("copy", "bad", 50, 25), ("good", "copy", 75, 0)]

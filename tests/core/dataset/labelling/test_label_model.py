"""Votes become probabilities that come true; copies count once; bad functions do not count."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.dataset.labelling.functions import ABSTAIN
from sftsec_core.dataset.labelling.label_model import (
    MOST_SURE,
    CountedVotes,
    LabelModel,
    fit_label_model,
)

PRIOR = np.array([0.7, 0.3])
Votes = NDArray[np.int8]


def truth(n: int, seed: int) -> NDArray[np.int64]:
    return np.asarray(np.random.default_rng(seed).random(n) < PRIOR[1], dtype=np.int64)


def cast(y: NDArray[np.int64], accuracy: float, coverage: float, seed: int) -> Votes:
    """One function's votes: on so many rows, right so often."""
    rng = np.random.default_rng(seed)
    votes = np.where(rng.random(len(y)) < accuracy, y, 1 - y)
    return np.where(rng.random(len(y)) < coverage, votes, ABSTAIN).astype(np.int8)


def fitted(labelled: Votes, y: NDArray[np.int64], pool: Votes) -> LabelModel:
    return fit_label_model(CountedVotes.of(labelled, y, k=2), CountedVotes.of(pool), PRIOR)


class TestLabelModel:
    @pytest.mark.parametrize("labels", [60, 400])
    def test_probabilities_come_true(self, labels: int) -> None:
        """Of three honest functions; of rows at 80% four fifths have the label."""
        known, hidden = truth(labels, 1), truth(20_000, 2)
        model_of = [(0.8, 0.6), (0.75, 0.5), (0.9, 0.3)]
        sides = [
            np.stack([cast(y, *each, seed + n) for n, each in enumerate(model_of)], axis=1)
            for y, seed in ((known, 10), (hidden, 20))
        ]
        found, sure = fitted(sides[0], known, sides[1]).labels(sides[1])
        for low, high in ((0.6, 0.8), (0.8, 0.9), (0.9, 1.0)):
            rows = (found != ABSTAIN) & (sure >= low) & (sure < high)
            if rows.sum() > 200:
                came_true = (found[rows] == hidden[rows]).mean()
                assert came_true == pytest.approx(sure[rows].mean(), abs=0.1)

    def test_copies_count_as_one(self) -> None:
        known, hidden = truth(200, 1), truth(5_000, 2)
        one, pool = cast(known, 0.8, 0.5, 3)[:, None], cast(hidden, 0.8, 0.5, 4)[:, None]
        single = fitted(one, known, pool).posterior(pool)
        double = fitted(np.repeat(one, 2, axis=1), known, np.repeat(pool, 2, axis=1))
        assert double.posterior(np.repeat(pool, 2, axis=1)) == pytest.approx(single, abs=1e-9)

    def test_independent_functions_strengthen_each_other(self) -> None:
        known, hidden = truth(400, 1), truth(5_000, 2)
        one, pool = (
            np.stack([cast(y, 0.8, 0.9, s), cast(y, 0.8, 0.9, s + 1)], axis=1)
            for y, s in ((known, 5), (hidden, 7))
        )
        model = fitted(one, known, pool)
        alone, both = np.array([[1, ABSTAIN]], np.int8), np.array([[1, 1]], np.int8)
        assert model.posterior(both)[0, 1] > model.posterior(alone)[0, 1] + 0.1

    def test_no_probability_reaches_one(self) -> None:
        y = truth(500, 1)
        votes = np.repeat(y[:, None], 3, axis=1).astype(np.int8)
        assert fitted(votes, y, votes).posterior(votes).max() <= MOST_SURE

    def test_refuses_what_is_worse_than_chance(self) -> None:
        known, hidden = truth(200, 1), truth(1_000, 2)
        one, pool = (
            np.stack([cast(y, 0.9, 0.8, s), cast(y, 0.2, 0.8, s + 1)], axis=1)
            for y, s in ((known, 5), (hidden, 7))
        )
        model = fitted(one, known, pool)
        assert model.used.tolist() == [True, False]
        alone = np.array([[ABSTAIN, 1]], np.int8)
        assert model.labels(alone)[0].tolist() == [ABSTAIN]

    def test_learns_from_others_without_labels(self) -> None:
        """The second function votes on no labelled incident: the first vouches for it."""
        known, hidden = truth(300, 1), truth(5_000, 2)
        first, pool = cast(known, 0.95, 0.9, 3), cast(hidden, 0.95, 0.5, 4)
        second = cast(hidden, 0.9, 0.5, 5)
        labelled = np.stack([first, np.full(300, ABSTAIN, np.int8)], axis=1)
        model = fitted(labelled, known, np.stack([pool, second], axis=1))
        alone = np.array([[ABSTAIN, 0], [ABSTAIN, 1]], np.int8)
        assert model.posterior(alone)[0, 0] > 0.75
        assert model.posterior(alone)[1, 1] > PRIOR[1] + 0.15

    def test_trusts_little_what_none_vouches_for(self) -> None:
        hidden = truth(1_000, 2)
        pool = cast(hidden, 0.95, 0.5, 4)[:, None]
        nothing = np.empty((0, 1), np.int8)
        model = fitted(nothing, np.empty(0, np.int64), pool)
        assert model.posterior(np.array([[1]], np.int8))[0, 1] < 0.5

    def test_same_votes_make_same_model(self) -> None:
        known, hidden = truth(100, 1), truth(2_000, 2)
        votes, pool = (
            np.stack([cast(y, 0.8, 0.6, s), cast(y, 0.7, 0.6, s + 1)], axis=1)
            for y, s in ((known, 5), (hidden, 7))
        )
        order = np.random.default_rng(0).permutation(2_000)
        first, second = fitted(votes, known, pool), fitted(votes, known, pool[order])
        assert first.posterior(pool) == pytest.approx(second.posterior(pool), abs=1e-12)

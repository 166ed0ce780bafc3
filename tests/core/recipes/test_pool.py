"""A stack of models' log-odds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.recipes.pool import LogPool, cross_fitted


def answers(y: NDArray[np.int64], skill: float, seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(y), 3)) + skill * np.eye(3)[y]
    odds = np.exp(logits)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


Y = np.arange(300) % 3
GOOD, NOISE = answers(Y, 2.0, 1), answers(Y, 0.0, 2)


class TestLogPool:
    def test_believes_the_model_that_knows(self) -> None:
        pool = LogPool.fit([GOOD, NOISE], Y)
        assert pool.weights[0] > 0.8
        assert pool.weights[1] < 0.2
        np.testing.assert_allclose(pool([GOOD, NOISE]).sum(axis=1), 1.0)

    def test_rare_classes_weigh_the_same(self) -> None:
        y = np.array([0] * 190 + [1] * 10)
        even = np.full((200, 2), 0.5)
        np.testing.assert_allclose(LogPool.fit([even], y)([even])[0], 0.5, atol=1e-6)

    def test_comes_back_from_json(self) -> None:
        pool = LogPool.fit([GOOD, NOISE], Y)
        assert LogPool.from_json(pool.to_json(), 2, 3) == pool
        for damage in ({"weights": [1.0]}, {"bias": [0.0, "x", 0.0]}, {"weights": [-1.0, 1.0]}):
            with pytest.raises((ValueError, TypeError)):
                LogPool.from_json({**pool.to_json(), **damage}, 2, 3)

    def test_never_answers_rows_it_was_fitted_on(self) -> None:
        """What is learnt of noise does not show."""
        noise = [answers(Y, 0.0, seed) for seed in range(8)]
        rest = [np.arange(300)[fold::3] for fold in range(3)]
        shuffled = np.random.default_rng(0).permutation(Y)
        found = cross_fitted(noise, shuffled, rest)
        assert (found.argmax(axis=1) == shuffled).mean() < 0.4

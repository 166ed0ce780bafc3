"""A more expensive model must win beyond chance."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.recipes.selection import (
    STRICT_MIN_EFFECT_SIZE,
    Candidate,
    effect_size,
    select_model,
)


class TestSelectModel:
    def test_ignores_a_lead_within_the_noise(self) -> None:
        y = np.array([0, 1] * 50)
        right = np.eye(2)[y]
        four_wrong, three_others_wrong = right.copy(), right.copy()
        four_wrong[:4] = right[:4, ::-1]
        three_others_wrong[10:13] = right[10:13, ::-1]
        cheap = Candidate(("linear",), four_wrong)
        dear = Candidate(("hybrid",), three_others_wrong)
        assert select_model([cheap, dear], y, seed=1) is cheap
        assert select_model([cheap, Candidate(("hybrid",), right)], y, seed=1).name == "hybrid"

    def test_expensive_kind_must_lead_by_more(self) -> None:
        y = np.array([0, 1] * 50)
        right = np.eye(2)[y]
        three_wrong = right.copy()
        three_wrong[:3] = right[:3, ::-1]
        cheap = Candidate(("linear",), three_wrong)
        assert (
            0.5
            < effect_size(cheap, Candidate(("full",), right), y, seed=1)
            < STRICT_MIN_EFFECT_SIZE
        )
        assert select_model([cheap, Candidate(("full",), right)], y, seed=1).name == "full"
        doubted = Candidate(("full",), right, min_effect_size=STRICT_MIN_EFFECT_SIZE)
        assert select_model([cheap, doubted], y, seed=1) is cheap


class TestCandidate:
    def test_macro_f1_is_scikit_learns(self) -> None:
        from sklearn.metrics import f1_score

        rng = np.random.default_rng(0)
        y, proba = rng.integers(0, 4, 60), rng.random((60, 4))
        expected = f1_score(y, proba.argmax(1), average="macro")
        assert Candidate(("x",), proba).macro_f1(y) == pytest.approx(expected)

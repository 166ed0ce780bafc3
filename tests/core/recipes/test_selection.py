"""A more expensive model must win beyond chance."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.domain import TaskSpec
from sftsec_core.recipes.selection import (
    STRICT_MIN_EFFECT_SIZE,
    Candidate,
    Goal,
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


class TestGoal:
    """One candidate answers better, the other ranks attacks better."""

    Y = np.array([0] * 300 + [1] * 100)

    @staticmethod
    def candidate(attack: NDArray[np.float64], name: str) -> Candidate:
        return Candidate((name,), np.stack([1 - attack, attack], axis=1))

    def both(self) -> tuple[Candidate, Candidate]:
        answers, ranks = np.full(400, 0.1), np.full(400, 0.2)
        answers[300:390] = 0.6
        answers[:12] = 0.9  # above every attack
        ranks[300:] = 0.4  # right of every row, but less than a half
        return self.candidate(answers, "answers"), self.candidate(ranks, "ranks")

    @pytest.mark.parametrize(
        ("metric", "chosen"),
        [
            ("macro_f1", "answers"),
            ("average_precision", "ranks"),
            ("tpr_at_fpr_0.01", "ranks"),
            # Each loses what the other gains: the cheaper one stays.
            (None, None),
        ],
    )
    def test_decides_which_is_chosen(self, metric: str | None, chosen: str | None) -> None:
        task = TaskSpec.of_text("t", ("m",), ("benign", "malicious"), "benign", metric=metric)
        for order in (self.both(), self.both()[::-1]):
            found = select_model(order, self.Y, 13, Goal.of(task))
            assert found.name == (chosen or order[0].name)

    def test_without_benign_is_macro_f1(self) -> None:
        task = TaskSpec.of_text("t", ("m",), ("a", "b"))
        assert Goal.of(task) == Goal()
        assert self.both()[0].score(self.Y, Goal()) > 0.9

"""What candidates are chosen by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.domain import Objective, TaskSpec
from sftsec_core.recipes.goal import Goal
from sftsec_core.recipes.selection import Candidate, select_model


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
            ("tpr_at_fpr_0.02", "ranks"),
            ("expected_cost", "ranks"),
            # Each loses what the other gains: the cheaper one stays.
            (None, None),
        ],
    )
    def test_decides_which_is_chosen(self, metric: str | None, chosen: str | None) -> None:
        task = TaskSpec.of_text(
            "t", ("m",), ("benign", "malicious"), "benign", objective=Objective(metric)
        )
        for order in (self.both(), self.both()[::-1]):
            found = select_model(order, self.Y, 13, Goal.of(task, self.Y))
            assert found.name == (chosen or order[0].name)

    def test_without_benign_is_macro_f1(self) -> None:
        task = TaskSpec.of_text("t", ("m",), ("a", "b"))
        assert Goal.of(task, self.Y) == Goal()
        assert self.both()[0].score(self.Y, Goal()) > 0.9

    def task(self, *objective: Any) -> TaskSpec:
        labels = ("benign", "malicious")
        return TaskSpec.of_text("t", ("m",), labels, "benign", objective=Objective(*objective))

    def test_threshold_s_rate_stands_beside(self) -> None:
        """Ahead in macro-F1 and in average precision, but blind at the rate in use."""
        y = np.array([0] * 1000 + [1] * 100)
        steady = np.r_[np.full(1000, 0.1), np.full(60, 0.9), np.full(40, 0.05)]
        blind = np.r_[np.full(990, 0.1), np.full(10, 0.95), np.full(80, 0.9), np.full(20, 0.2)]
        both = self.candidate(steady, "steady"), self.candidate(blind, "blind")
        assert select_model(both, y, 13, Goal.of(self.task(None, 0.005), y)).name == "steady"
        assert select_model(both, y, 13, Goal.of(self.task(), y)).name == "blind"
        assert select_model(both, y, 13, Goal.of(self.task("macro_f1"), y)).name == "blind"

    def test_rate_that_rows_cannot_resolve_is_said(self) -> None:
        goal = Goal.of(self.task("tpr_at_fpr_0.001"), self.Y)
        assert goal.figures == ("average_precision",)
        assert goal.lacking == (
            "tpr_at_fpr_0.001 takes 1,000 benign rows and there are 300: "
            "average_precision in its place"
        )

    def test_cost_is_the_lowest_of_any_threshold(self) -> None:
        y = np.array([0] * 8 + [1] * 2)
        attack = np.array([0.1] * 7 + [0.8] + [0.9, 0.4])
        proba = np.stack([1 - attack, attack], axis=1)
        # One alert and one miss, or two alerts more and none.
        assert Goal.of(self.task("expected_cost", None, 10.0, 15.0), y).score(proba, y) == -2.5
        assert Goal.of(self.task("expected_cost", None, 10.0, 480.0), y).score(proba, y) == -3.0
        assert Goal.of(self.task("expected_cost", None, 10.0, 1.0), y).score(proba, y) == -0.2

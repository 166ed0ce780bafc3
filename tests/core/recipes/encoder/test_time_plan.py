"""What of a training fits a number of seconds."""

from __future__ import annotations

import pytest

from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.encoder.time_plan import MIN_STEPS, TimePlan, least_steps

# 10 s to prepare, 100 steps of 1 s an epoch, 20 s an evaluation.
PLAN = TimePlan(prepare_s=10.0, epoch_s=100.0, evaluation_s=20.0, steps=100, least_steps=50)


class TestEpochsWithin:
    @pytest.mark.parametrize(
        ("seconds", "epochs"),
        [
            (10 + 4 * 120, 4.0),
            (10_000, 4.0),
            (10 + 3 * 100 + 3 * 20, 3.0),
            (10 + 250 + 3 * 20, 2.5),
            # Two whole epochs and an evaluation, and no time for another's evaluation.
            (10 + 2 * 120 + 15, 2.0),
            (10 + 60 + 20, 0.6),
        ],
    )
    def test_are_as_many_as_fit(self, seconds: float, epochs: float) -> None:
        found = PLAN.epochs_within(seconds, 4.0)
        assert found == pytest.approx(epochs)
        assert PLAN.seconds(found) <= seconds + 1e-9

    @pytest.mark.parametrize("seconds", [10 + 49 + 20, 25, 0])
    def test_too_few_are_refused(self, seconds: float) -> None:
        with pytest.raises(TrainingError, match=r"50 are the least.* raise train\.budget to 89s"):
            PLAN.epochs_within(seconds, 4.0)

    def test_least_budget_is_enough(self) -> None:
        least = PLAN.least_budget_s
        assert PLAN.epochs_within(0.9 * least + 1e-9, 4.0) == pytest.approx(0.5)


class TestLeastSteps:
    @pytest.mark.parametrize(
        ("rows", "steps", "classes", "epochs", "least"),
        [
            (32, 1000, 2, 4, MIN_STEPS),
            (32, 8, 2, 4, 8),  # one pass over few examples
            (32, 1000, 2, 0.01, 10),  # no more than is wanted
            (8, 1000, 50, 4, 100),  # 16 rows of each of 50 classes
        ],
    )
    def test_depend_on_rows_and_classes(
        self, rows: int, steps: int, classes: int, epochs: float, least: int
    ) -> None:
        assert least_steps(rows, steps, classes, epochs) == least

"""When training stops for want of gain."""

from __future__ import annotations

import pytest

from sftsec_core.recipes.encoder.callbacks import out_of_patience
from sftsec_core.recipes.encoder.checkpoint import SELECTION


class TestOutOfPatience:
    @pytest.mark.parametrize(
        ("scores", "patience", "out"),
        [
            ([], 2, False),
            ([0.5], 1, False),
            ([0.5, 0.4], 1, True),
            ([0.5, 0.4], 2, False),
            ([0.5, 0.5, 0.5], 2, True),
            ([0.5, 0.4, 0.6, 0.5], 2, False),
            ([0.5, 0.4, 0.3], 0, False),
        ],
    )
    def test_counts_evaluations_since_the_best(
        self, scores: list[float], patience: int, out: bool
    ) -> None:
        history: list[dict[str, float]] = [{"loss": 1.0}]
        history += [{SELECTION: score, "step": i} for i, score in enumerate(scores)]
        assert out_of_patience(history, patience) is out

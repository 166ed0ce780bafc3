"""What each row costs as it was decided."""

from __future__ import annotations

import numpy as np

from sftsec_core.api.domain import Objective
from sftsec_core.api.predictions import Predictions
from sftsec_core.evaluation.prices import minutes


class TestMinutes:
    def test_reviews_cost_as_alerts_do(self) -> None:
        y = np.array([0, 0, 1, 1, 1])
        attack = np.array([0.1, 0.9, 0.9, 0.4, 0.1])
        decided = Predictions(
            y,
            np.stack([1 - attack, attack], axis=1),
            benign=0,
            reviewed=np.array([False, False, False, True, False]),
        )
        prices = Objective("expected_cost", None, 5.0, 100.0)
        assert minutes(decided, prices).tolist() == [0, 5, 5, 5, 100]

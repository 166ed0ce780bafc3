"""How much an example of a rare class counts."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.recipes.weights import Scheme, class_weights

LABELS = np.array([0] * 99 + [1])


FULL_TRUST = np.ones(100, dtype=np.float32)


class TestClassWeights:
    @pytest.mark.parametrize(
        ("scheme", "ratio"), [("none", 1), ("sqrt_inverse", 99**0.5), ("inverse", 99)]
    )
    def test_weigh_rare_classes_by_the_scheme(self, scheme: Scheme, ratio: float) -> None:
        weights = class_weights(LABELS, FULL_TRUST, 2, scheme)
        assert weights[1] / weights[0] == pytest.approx(ratio, rel=1e-5)

    @pytest.mark.parametrize("scheme", ["none", "sqrt_inverse", "inverse"])
    def test_have_a_mean_of_one(self, scheme: Scheme) -> None:
        weights = class_weights(LABELS, FULL_TRUST, 2, scheme)
        assert weights[LABELS].mean() == pytest.approx(1, rel=1e-5)

    def test_are_zero_for_a_class_without_examples(self) -> None:
        weights = class_weights(LABELS, FULL_TRUST, 4, "sqrt_inverse")
        assert weights.tolist()[2:] == [0, 0]
        assert np.isfinite(weights).all()

    def test_count_examples_by_their_trust(self) -> None:
        trust = np.where(LABELS == 0, 1 / 99, 1).astype(np.float32)
        weights = class_weights(LABELS, trust, 2, "inverse")
        assert weights[0] == pytest.approx(weights[1], rel=1e-5)

"""error = a + b * n^-c."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.evaluation.power_law import fit_power_law

SIZES = np.array([100.0, 200, 400, 800, 1600])


class TestPowerLaw:
    @given(st.floats(0, 0.3), st.floats(0.5, 5), st.floats(0.2, 1.0))
    def test_finds_the_law_it_was_made_of(self, floor: float, scale: float, power: float) -> None:
        law = fit_power_law(SIZES, floor + scale * SIZES**-power)
        gain = law.at(1600) - law.at(3200)
        true = scale * (1600**-power - 3200**-power)
        assert gain == pytest.approx(true, rel=0.1, abs=1e-4)

    @given(st.lists(st.floats(0, 1), min_size=2, max_size=5))
    def test_never_rises_nor_is_negative(self, errors: list[float]) -> None:
        law = fit_power_law(SIZES[: len(errors)], np.array(errors))
        assert law.floor >= 0
        assert law.scale >= 0
        assert law.at(10) >= law.at(1000) >= 0

    def test_flat_errors_are_their_mean(self) -> None:
        law = fit_power_law(SIZES, np.full(5, 0.25))
        assert law.at(10_000) == pytest.approx(0.25)

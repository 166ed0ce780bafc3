"""The interval of a share is that of the tables."""

from __future__ import annotations

import pytest

from sftsec_core.dataset.intervals import exact_interval


class TestExactInterval:
    @pytest.mark.parametrize(
        ("right", "judged", "low", "high"),
        [(0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0), (8, 10, 0.4439, 0.9748)],
    )
    def test_is_that_of_the_tables(self, right: int, judged: int, low: float, high: float) -> None:
        assert exact_interval(right, judged) == pytest.approx((low, high), abs=1e-4)

"""Rates and their intervals, of rows that depend on each other and of others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from sftsec_fair.rates import RowShare, mean_reach


def rate(count: int, of: int) -> RowShare:
    return RowShare(count, of, float(of))


class TestRate:
    @pytest.mark.parametrize(("count", "of"), [(0, 20), (3, 20), (19, 20), (50, 50), (7, 300)])
    def test_has_the_interval_of_wilson(self, count: int, of: int) -> None:
        expected = binomtest(count, of).proportion_ci(0.95, "wilson")
        low, high = rate(count, of).interval()
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)

    def test_difference_is_that_of_newcombe(self) -> None:
        """Newcombe 1998, table II, (a): 56/70 less 48/80."""
        low, high = rate(56, 70).minus(rate(48, 80))
        assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-5)

    def test_copies_are_one_row(self) -> None:
        counts, units = np.array([True, False, True, True, False] * 8), np.arange(40)
        alone = RowShare.measure(counts, units)
        copied = RowShare.measure(np.repeat(counts, 5), np.repeat(units, 5))
        assert (copied.count, copied.of) == (5 * alone.count, 200)
        assert copied.effective == pytest.approx(alone.effective, rel=0.03)

    def test_copies_count_once_without_error(self) -> None:
        copied = RowShare.measure(np.ones(100, np.bool_), np.repeat(np.arange(20), 5))
        assert copied.effective == 20

    def test_interval_holds_the_truth(self) -> None:
        rng, held = np.random.default_rng(3), 0
        for _ in range(300):
            sizes = rng.integers(1, 6, 60)
            clusters = np.repeat(np.arange(60), sizes)
            counts = np.repeat(rng.random(60) < 0.2, sizes)
            low, high = RowShare.measure(counts, clusters).interval()
            held += low <= 0.2 <= high
        assert held >= 0.91 * 300


class TestMeanReach:
    def test_is_the_usual_one_without_clusters(self) -> None:
        values = np.random.default_rng(1).normal(size=400)
        expected = 1.96 * values.std(ddof=1) / 20
        assert mean_reach(values, np.arange(400), 0.95) == pytest.approx(expected, rel=1e-3)

    def test_copies_are_one_row(self) -> None:
        values = np.random.default_rng(1).normal(size=100)
        copied = mean_reach(np.repeat(values, 4), np.repeat(np.arange(100), 4), 0.95)
        assert copied == pytest.approx(mean_reach(values, np.arange(100), 0.95))

"""Distances grow with the effect and not with chance; the dispersion is of the reference's own."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.drift.compare import (
    Null,
    block_slices,
    point_distance,
    point_null,
    psi_distance,
    psi_null,
)


def counted(places: np.ndarray, bins: int = 10) -> np.ndarray:
    return np.bincount(places, minlength=bins)


class TestPsiDistance:
    def test_is_about_one_without_a_drift(self) -> None:
        random = np.random.default_rng(1)
        reference = counted(random.integers(10, size=3000))
        found = [
            psi_distance(counted(random.integers(10, size=400)), reference) for _ in range(300)
        ]
        assert np.mean([each.ratio for each in found]) == pytest.approx(1, abs=0.1)
        assert np.mean([each.size for each in found]) < 0.02

    def test_is_the_psi_of_large_samples(self) -> None:
        window, reference = np.array([300_000, 700_000]), np.array([500_000, 500_000])
        expected = (0.3 - 0.5) * np.log(0.3 / 0.5) + (0.7 - 0.5) * np.log(0.7 / 0.5)
        assert psi_distance(window, reference).size == pytest.approx(expected, rel=1e-3)

    @pytest.mark.parametrize(
        ("window", "reference"),
        [([0, 0], [5, 5]), ([5, 5], [0, 0]), ([9, 0], [90, 0]), ([1, 1], [1, 1])],
    )
    def test_compares_nothing_with_nothing(self, window: list[int], reference: list[int]) -> None:
        found = psi_distance(np.array(window), np.array(reference))
        assert (found.df, found.size) == (0, 0)


class TestPointDistance:
    def test_is_about_one_without_a_drift(self) -> None:
        random = np.random.default_rng(2)
        spread = np.array([3.0, 2.0, 1.0, 0.5])
        reference = random.normal(size=(2000, 4)) * spread
        values = np.linalg.eigvalsh(np.cov(reference.T))
        ratios = []
        for _ in range(300):
            window = random.normal(size=(200, 4)) * spread
            sums = (window.sum(axis=0), 200), (reference.sum(axis=0), 2000)
            ratios.append(point_distance(*sums, values).ratio)
        assert np.mean(ratios) == pytest.approx(1, abs=0.15)

    def test_of_points_all_alike_is_none(self) -> None:
        assert point_distance((np.ones(2), 1), (np.ones(2), 1), np.zeros(0)).df == 0


class TestNull:
    def test_of_independent_rows_is_one(self) -> None:
        random = np.random.default_rng(3)
        assert psi_null(random.integers(10, size=2000), 10).dispersion < 1.5
        points = random.normal(size=(2000, 3)).astype(np.float32)
        assert point_null(points, np.ones(3)).dispersion < 1.5

    def test_of_campaigns_is_larger(self) -> None:
        """Blocks of the reference that differ make a window that differs unsurprising."""
        random = np.random.default_rng(4)
        weeks = np.repeat(random.integers(10, size=40), 50)
        places = np.where(random.random(2000) < 0.5, weeks, random.integers(10, size=2000))
        found = psi_null(places, 10)
        assert found.dispersion > 5
        assert found.p_value(6.0, 9) > 1e3 * Null(1.0, found.blocks).p_value(6.0, 9)

    def test_trusts_few_blocks_less(self) -> None:
        assert Null(1.0, 4).p_value(6.0, 5) > 10 * Null(1.0, 20).p_value(6.0, 5)

    def test_is_never_below_chance(self) -> None:
        assert Null.of([0.1, 0.2]).dispersion == 1


class TestBlockSlices:
    @pytest.mark.parametrize(("rows", "blocks"), [(0, 0), (3, 3), (40, 4), (900, 9), (9000, 20)])
    def test_cover_all_rows_once(self, rows: int, blocks: int) -> None:
        found = block_slices(rows, 10)
        assert len(found) == blocks
        assert [n for each in found for n in range(rows)[each]] == list(range(rows))

    def test_are_more_for_few_bins(self) -> None:
        assert len(block_slices(300, 1)) == 20
        assert len(block_slices(60, 1)) == 4

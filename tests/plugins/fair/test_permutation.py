"""What chance alone gives, over all groups at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact

from sftsec_fair.membership import Group
from sftsec_fair.permutation import chance


def halves(n: int) -> list[Group]:
    first = np.arange(n) < n // 2
    return [Group("first", first, ~first)]


def p_of(values: NDArray[np.float64], clusters: NDArray[np.int64], groups: list[Group]) -> float:
    rng = np.random.default_rng(5)
    found = chance(values, clusters, groups, two_sided=False, permutations=4999, rng=rng)
    return float(found[0])


class TestChance:
    def test_is_fishers_for_one_group(self) -> None:
        values = np.zeros(60)
        values[:9], values[30:33] = 1, 1
        expected = fisher_exact([[9, 21], [3, 27]], alternative="greater")[1]
        assert abs(p_of(values, np.arange(60), halves(60)) - expected) < 0.015

    def test_copies_are_no_evidence(self) -> None:
        """A group whose errors are copies of one error is no worse."""
        values = np.zeros(100)
        values[:20] = 1
        clusters = np.where(np.arange(100) < 20, 0, np.arange(100))
        assert p_of(values, np.arange(100), halves(100)) < 0.001
        assert p_of(values, clusters, halves(100)) > 0.3

    def test_without_variation_is_certain(self) -> None:
        assert p_of(np.zeros(10), np.arange(10), halves(10)) == 1

    def test_holds_over_all_groups(self) -> None:
        """Of 200 draws without a difference about one in ten names some group of eight."""
        rng, named = np.random.default_rng(8), 0
        for _ in range(200):
            values, groups = rng.integers(0, 2, 160).astype(float), rng.integers(0, 8, 160)
            each = [Group(str(g), groups == g, groups != g) for g in range(8)]
            found = chance(values, np.arange(160), each, two_sided=True, permutations=199, rng=rng)
            named += found.min() <= 0.1
        assert 8 <= named <= 35

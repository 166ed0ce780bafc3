"""Rates with intervals, where rows may depend on each other.

Near-duplicates and the rows of one case are less evidence than as many rows of their own. The
number of rows is divided by the design effect: the variance between clusters over that of
independent rows (Rao and Scott, "A simple method for the analysis of clustered binary data",
Biometrics 1992).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class RowShare:
    """A share of rows.

    Attributes:
        count: rows that count.
        of: rows in all, 1 or more.
        effective: as how many independent rows they tell, at most `of`.
    """

    count: int
    of: int
    effective: float

    @classmethod
    def measure(cls, counts: NDArray[np.bool_], units: NDArray[np.int64]) -> RowShare:
        """Count rows.

        Args:
            counts: which of n rows count, shape (n,), n of 1 or more.
            units: rows of one number depend on each other, shape (n,).
        """
        n, count = len(counts), int(counts.sum())
        _, place = np.unique(units, return_inverse=True)
        sizes = np.bincount(place).astype(float)
        if len(sizes) == n:
            return cls(count, n, float(n))
        found, value = np.bincount(place, counts), count / n
        if 0 < count < n and len(sizes) > 1:
            between = len(sizes) / (len(sizes) - 1) * ((found - value * sizes) ** 2).sum() / n
            effect = between / (value * (1 - value))
        else:
            effect = (sizes**2).sum() / n  # nothing varies: as if each cluster were one row
        return cls(count, n, n / max(1.0, float(effect)))

    @property
    def value(self) -> float:
        """The share, 0 to 1."""
        return self.count / self.of

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The interval of Wilson (1927), which holds near 0 and 1 too."""
        z, n, p = _quantile(level), self.effective, self.value
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        reach = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, min(p, middle - reach)), min(1.0, max(p, middle + reach))

    def minus(self, other: RowShare, level: float = LEVEL) -> tuple[float, float]:
        """The interval of this rate less another, of other rows.

        It is made of the two rates' own ("Interval estimation for the difference between
        independent proportions", Newcombe, Statistics in Medicine 1998, method 10).
        """
        gap = self.value - other.value
        (low, high), (their_low, their_high) = self.interval(level), other.interval(level)
        below = math.hypot(self.value - low, their_high - other.value)
        above = math.hypot(high - self.value, other.value - their_low)
        return gap - below, gap + above


def mean_reach(values: NDArray[np.float64], units: NDArray[np.int64], level: float) -> float:
    """How far the interval of a mean reaches to either side, by the sums of its clusters.

    Args:
        values: shape (n,), n of 1 or more.
        units: rows of one number depend on each other, shape (n,).
        level: 0 to 1.
    """
    _, place = np.unique(units, return_inverse=True)
    sums = np.bincount(place, values - values.mean())
    if len(sums) < 2:
        return 1.0
    variance = len(sums) / (len(sums) - 1) * float((sums**2).sum()) / len(values) ** 2
    return _quantile(level) * math.sqrt(variance)


def _quantile(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))

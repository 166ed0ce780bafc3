"""How far a window lies from the reference, and how probable that is without a drift.

Events of a site are not independent: alerts come in campaigns, and weeks differ. The reference is
therefore cut into blocks of consecutive events, and the mean of the blocks' own statistics, divided
by what independent events would give, is the dispersion (a first-order Rao-Scott correction; Rao
and Scott, 1984). A window's statistic divided by it follows about an F distribution, whose second
degrees of freedom say how well few blocks tell the dispersion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

_LEAST_BLOCKS, _MOST_BLOCKS, _LEAST_ROWS, _BLOCK_ROWS = 4, 20, 15, 100
_LEAST_DF = 30  # of all blocks together
_LEAST_EXPECTED = 5.0  # of a bin: fewer and the chi-square approximation fails (Cochran, 1954)


@dataclass(frozen=True, slots=True)
class Null:
    """What a statistic is where nothing has changed.

    Attributes:
        dispersion: how many times as large it is as for independent events; at least 1.
        blocks: how many blocks say so.
    """

    dispersion: float
    blocks: int

    @classmethod
    def of(cls, ratios: Sequence[float]) -> Null:
        """Take the mean of blocks' statistics, each divided by its expectation."""
        return cls(max(1.0, float(np.mean(ratios))), len(ratios))

    def p_value(self, ratio: float, df: float) -> float:
        """The probability of a statistic as large, or larger.

        Args:
            ratio: the statistic divided by its expectation for independent events.
            df: its degrees of freedom.
        """
        from scipy.stats import f

        return float(f.sf(ratio / self.dispersion, df, max(self.blocks - 1, 1) * df))


@dataclass(frozen=True, slots=True)
class Distance:
    """How far two samples lie apart.

    Attributes:
        ratio: the statistic divided by its expectation for independent events of one kind.
        df: the statistic's degrees of freedom; 0 where there is nothing to compare.
        size: the effect without what chance adds: PSI, or the squared distance of the means of
            points as a share of the points' own variance; at least 0.
    """

    ratio: float
    df: float
    size: float


def psi_distance(
    window: NDArray[np.int64], reference: NDArray[np.int64], dispersion: float = 1.0
) -> Distance:
    """Compare the counts of two samples by bins: chi-square for the test, PSI for the size."""
    window, reference = _merged(window, reference)
    n, m, bins = int(window.sum()), int(reference.sum()), len(window)
    if n == 0 or m == 0 or bins < 2:
        return Distance(0.0, 0.0, 0.0)
    noise = (bins - 1) * (1 / n + 1 / m)
    pooled = (window + reference) / (n + m)
    square = float((((window / n - reference / m) ** 2) / pooled).sum())
    p, q = (window + 0.5) / (n + 0.5 * bins), (reference + 0.5) / (m + 0.5 * bins)
    psi = float(((p - q) * np.log(p / q)).sum())
    return Distance(square / noise, float(bins - 1), max(0.0, psi - noise * dispersion))


def point_distance(
    window: tuple[NDArray[np.float64], int],
    reference: tuple[NDArray[np.float64], int],
    eigenvalues: NDArray[np.float64],
    dispersion: float = 1.0,
) -> Distance:
    """Compare the means of two samples of points by their squared distance (MMD).

    Args:
        window: sum of its points, and how many they are.
        reference: the same.
        eigenvalues: of the points' covariance in the reference: the squared distance is a sum of
            chi-squares with these weights, here one chi-square of the same mean and variance.
        dispersion: of the statistic.
    """
    (total, n), (before, m) = window, reference
    variance = float(eigenvalues.sum())
    if n == 0 or m == 0 or variance <= 0:
        return Distance(0.0, 0.0, 0.0)
    df = variance**2 / float((eigenvalues**2).sum())
    square = float(((total / n - before / m) ** 2).sum()) / variance
    noise = 1 / n + 1 / m
    return Distance(square / noise, df, max(0.0, square - noise * dispersion))


def block_slices(rows: int, df: float) -> list[slice]:
    """Blocks of consecutive rows: 4 to 20, of 100 rows or more where there are so many.

    A statistic of few degrees of freedom needs more blocks: with 1 of its own and 4 blocks, no
    window would ever be improbable enough.
    """
    needed = 1 + math.ceil(_LEAST_DF / max(df, 1))
    most = min(_MOST_BLOCKS, max(rows // _LEAST_ROWS, _LEAST_BLOCKS))
    blocks = min(max(rows // _BLOCK_ROWS, needed, _LEAST_BLOCKS), most)
    ends = np.linspace(0, rows, blocks + 1).astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(ends) if b > a]


def psi_null(places: NDArray[np.int64], bins: int) -> Null:
    """Take the blocks of the reference, each against the rest."""
    whole = np.bincount(places, minlength=bins)
    blocks = block_slices(len(places), bins - 1)
    own = (np.bincount(places[block], minlength=bins) for block in blocks)
    return _null(psi_distance(each, whole - each) for each in own)


def point_null(points: NDArray[np.float32], eigenvalues: NDArray[np.float64]) -> Null:
    """Take the blocks of the reference, each against the rest."""
    whole, m = points.sum(axis=0, dtype=np.float64), len(points)
    found = []
    for block in block_slices(m, _LEAST_DF):
        own, n = points[block].sum(axis=0, dtype=np.float64), len(points[block])
        found.append(point_distance((own, n), (whole - own, m - n), eigenvalues))
    return _null(found)


def _null(distances: Iterable[Distance]) -> Null:
    ratios = [each.ratio for each in distances if each.df]
    return Null.of(ratios) if ratios else Null(1.0, 1)


def _merged(
    window: NDArray[np.int64], reference: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Put bins in which too few are expected into one."""
    n, total = window.sum(), window.sum() + reference.sum()
    expected = (window + reference) * (n / total if total else 0.0)
    small = expected < _LEAST_EXPECTED
    merged = [np.append(each[~small], each[small].sum()) for each in (window, reference)]
    if merged[0][-1] + merged[1][-1] == 0:
        merged = [each[:-1] for each in merged]
    return merged[0], merged[1]

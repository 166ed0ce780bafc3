"""Intervals of shares."""

from __future__ import annotations

_LEVEL = 0.95


def exact_interval(right: int, number: int) -> tuple[float, float]:
    """The interval of a share (Clopper and Pearson, 1934), 95%.

    Args:
        right: how many of the number; 0 to number.
        number: 1 or more.
    """
    from scipy.stats import beta

    tail, wrong = (1 - _LEVEL) / 2, number - right
    low = float(beta.ppf(tail, right, wrong + 1)) if right else 0.0
    high = float(beta.ppf(1 - tail, right + 1, wrong)) if wrong else 1.0
    return low, high

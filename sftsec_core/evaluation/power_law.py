"""The inverse power law of learning curves: error = a + b * n^-c.

Errors of many kinds of model fall so with n training examples (Hestness et al., "Deep learning
scaling is predictable, empirically", 2017); not every curve does (Viering and Loog, "The shape of
learning curves: a review", 2021), so a fit has to be checked before it is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Exponents that are tried: measured ones lie between 0.05 and 1; 2 is a curve that ends at once.
_EXPONENTS = np.geomspace(0.05, 2.0, 120)


class PowerLaw(NamedTuple):
    """error(n) = floor + scale * n ** -exponent, floor and scale not negative."""

    floor: float
    scale: float
    exponent: float

    def at(self, n: float) -> float:
        """The error with n training examples."""
        return float(self.floor + self.scale * n**-self.exponent)


def fit_power_law(sizes: NDArray[np.float64], errors: NDArray[np.float64]) -> PowerLaw:
    """Fit the three numbers by least squares: exactly for each exponent of a grid, then the best.

    Args:
        sizes: numbers of training examples, shape (m,), m >= 2.
        errors: what was measured with them, shape (m,).
    """
    best, least = PowerLaw(float(np.mean(errors)), 0.0, 1.0), np.inf
    for exponent in _EXPONENTS:
        x = sizes**-exponent
        floor, scale = _line(x, errors)
        rest = float(((floor + scale * x - errors) ** 2).sum())
        if rest < least - 1e-15:
            best, least = PowerLaw(floor, scale, float(exponent)), rest
    return best


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """The line with the least squares whose two numbers are not negative."""
    spread = x - x.mean()
    scale = float((spread * y).sum() / (spread**2).sum())
    floor = float(y.mean() - scale * x.mean())
    if scale < 0:
        return max(0.0, float(y.mean())), 0.0
    if floor < 0:
        return 0.0, max(0.0, float((x * y).sum() / (x**2).sum()))
    return floor, scale

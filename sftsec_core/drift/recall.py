"""The recall of a live model, from verdicts on its alerts and on random draws among the rest.

What raised no alert is drawn with a known probability, so that each judged draw stands for as many
events as were not drawn (Horvitz and Thompson, 1952). Draws without a verdict are taken to be like
those with one ("missing at random"): the weights of the judged draws are raised until they stand
for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95
# Quantiles of each part: the interval's ends move by less than 0.001 with more.
_GRID = 256


@dataclass(frozen=True, slots=True)
class Draw:
    """An event that raised no alert and was drawn at random.

    Attributes:
        probability: with which it was drawn: above 0, at most 1.
        attack: what a person said of it; None where nobody did.
    """

    probability: float
    attack: bool | None


@dataclass(frozen=True, slots=True)
class RecallEstimate:
    """The share of attacks that raised an alert.

    Attributes:
        value: 0 to 1.
        low: lower end of its interval, 95%.
        high: upper end.
        found: attacks among the alerts.
        missed: attacks that raised no alert.
    """

    value: float
    low: float
    high: float
    found: float
    missed: float


def estimate_recall(
    alerts: int, judged: int, right: int, draws: Sequence[Draw]
) -> RecallEstimate | None:
    """Estimate the recall with an interval.

    The interval melds those of both parts (Fay, Proschan and Brittain, 2015): the alerts' share of
    attacks after Clopper and Pearson (1934), the weighted count of missed attacks after Fay and
    Feuer (1997), which for equal weights is the exact one of a Poisson count. It is not narrow
    where no judged draw was an attack, as a bootstrap's would be.

    Args:
        alerts: how many there were.
        judged: how many of them a person judged.
        right: how many of these are attacks.
        draws: all that were drawn.

    Returns:
        None where no alert is judged though there were some, no draw is judged, or no attack is
        known of on either side.
    """
    weights, attack = _weights(draws)
    if not len(weights) or (alerts and not judged):
        return None
    found = alerts * right / judged if judged else 0.0
    missed = float(weights[attack].sum())
    if found + missed == 0:
        return None
    least_found, most_found = _of_alerts(alerts, judged, right)
    least_missed, most_missed = _of_missed(weights, attack)
    tail = (1 - LEVEL) / 2
    low = _quantile(least_found, most_missed, tail)
    high = _quantile(most_found, least_missed, 1 - tail)
    return RecallEstimate(found / (found + missed), low, high, found, missed)


def _weights(draws: Sequence[Draw]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How many events each judged draw stands for, and whether it is an attack."""
    share = np.array([each.probability for each in draws], dtype=np.float64)
    told = np.array([each.attack is not None for each in draws], dtype=bool)
    attack = np.array([each.attack is True for each in draws], dtype=bool)
    weights = 1 / share[told]
    if len(weights):
        weights *= (1 / share).sum() / weights.sum()
    return weights, attack[told]


def _of_alerts(
    alerts: int, judged: int, right: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Quantiles of the number of attacks among the alerts: for its lower and its upper end."""
    from scipy.stats import beta

    grid, wrong = _grid(), judged - right
    least = beta.ppf(grid, right, wrong + 1) if right else np.zeros(_GRID)
    most = beta.ppf(grid, right + 1, wrong) if wrong else np.full(_GRID, float(alerts > 0))
    return alerts * least, alerts * most


def _of_missed(
    weights: NDArray[np.float64], attack: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Quantiles of the number of missed attacks: for its lower and its upper end."""
    from scipy.stats import gamma

    total, variance = weights[attack].sum(), (weights[attack] ** 2).sum()
    heaviest = weights.max()
    more, wider = total + heaviest, variance + heaviest**2
    grid = _grid()
    least = (
        gamma.ppf(grid, total**2 / variance, scale=variance / total) if total else np.zeros(_GRID)
    )
    return least, gamma.ppf(grid, more**2 / wider, scale=wider / more)


def _grid() -> NDArray[np.float64]:
    return (np.arange(_GRID) + 0.5) / _GRID


def _quantile(found: NDArray[np.float64], missed: NDArray[np.float64], at: float) -> float:
    """A quantile of the recall, over all pairs of equally likely numbers."""
    whole = found[:, None] + missed[None, :]
    # 0 of 0 says nothing: the end that leaves the interval wider.
    recall = np.divide(
        found[:, None], whole, out=np.full_like(whole, float(at > 0.5)), where=whole > 0
    )
    return float(np.quantile(recall, at))

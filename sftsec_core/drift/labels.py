"""Estimate the labels of events without verdicts, from what the model decided.

Black-box shift estimation (Lipton et al., 2018): where only the labels' frequencies change and not
what an event of a label looks like, the decisions' frequencies and the confusion matrix of the test
part, carried on to the age of the events, give the new frequencies, and with them the F1. Where an
attack looks new it gives the F1 as it was: only verdicts show that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from sftsec_core.drift.ageing import ScoredBlocks

_DRAWS = 500
_SEED = 7
_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval (95%), of chance and of how much the test part's blocks differ."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LabelEstimate:
    """What the labels of some events are, and how well they were found.

    Attributes:
        priors: the frequency of each label, shape (k,).
        shift: how much of the frequencies has moved since the test part (total variation, 0 to 1).
        macro_f1: 0 to 1.
    """

    priors: NDArray[np.float64]
    shift: Estimate
    macro_f1: Estimate


def estimate_labels(
    decided: NDArray[np.int64], test: ScoredBlocks, at: datetime | None = None
) -> LabelEstimate | None:
    """Estimate from the counts of decisions.

    Args:
        decided: how often each label was decided on, shape (k,).
        test: the test part in blocks.
        at: when the events came, the middle of their times; None: as the test part ended.

    Returns:
        None where the test part lacks a label, or tells two of them apart no better than chance.
    """
    rates = test.rates(1.0 if at is None else test.age(at))
    if not decided.sum() or rates is None:
        return None
    shares = decided / decided.sum()
    found = _solve(shares, rates.rows)
    if found is None:
        return None
    before = test.confusion.sum(axis=1) / test.confusion.sum()
    random = np.random.default_rng(_SEED)
    draws = []
    for _ in range(_DRAWS):
        rows = rates.draw(found * decided.sum(), random)
        drawn = _solve(shares, rows)
        if drawn is not None:
            draws.append((_moved(drawn, before), _macro_f1(drawn, rows)))
    values = (_moved(found, before), _macro_f1(found, rates.rows))
    ends = np.quantile([*draws, values], [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], axis=0)
    shift, f1 = (
        Estimate(value, min(value, float(low)), max(value, float(high)))
        for value, low, high in zip(values, ends[0], ends[1], strict=True)
    )
    return LabelEstimate(found, shift, f1)


def _solve(
    frequencies: NDArray[np.float64], rates: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """The labels' frequencies that give these of decisions; least squares, on the simplex."""
    from scipy.optimize import nnls

    if np.linalg.matrix_rank(rates, tol=1e-3) < len(rates):
        return None
    found, _ = nnls(rates.T, frequencies)
    total = found.sum()
    return np.asarray(found / total, dtype=np.float64) if total > 0 else None


def _moved(priors: NDArray[np.float64], before: NDArray[np.float64]) -> float:
    return float(np.abs(priors - before).sum() / 2)


def _macro_f1(priors: NDArray[np.float64], rates: NDArray[np.float64]) -> float:
    joint = priors[:, None] * rates
    both = joint.sum(axis=0) + priors
    hits = 2 * joint.diagonal()
    # As metrics count it: a label that neither occurs nor is decided on has an F1 of 0.
    return float(np.divide(hits, both, out=np.zeros_like(hits), where=both > 0).mean())

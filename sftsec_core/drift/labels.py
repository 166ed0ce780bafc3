"""Estimate the labels of events without verdicts, from what the model decided.

Black-box shift estimation (Lipton et al., 2018): where only the labels' frequencies change and not
what an event of a label looks like, the decisions' frequencies and the confusion matrix of the test
part, carried on to the age of the events, give the new frequencies, and with them the F1. Where an
attack looks new it gives the F1 as it was: only verdicts show that. An event whose inputs were
judged before needs no estimate: it has the label that the verdicts gave them.
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
    decided: NDArray[np.int64],
    judged: NDArray[np.float64],
    test: ScoredBlocks,
    at: datetime | None = None,
) -> LabelEstimate | None:
    """Estimate from the counts of decisions.

    Args:
        decided: how often each label was decided on, shape (k,).
        judged: of the events among them whose inputs were judged before, by verdict and by decided
            label, shape (k, k).
        test: the test part in blocks, of inputs that were new then.
        at: when the events came, the middle of their times; None: as the test part ended.

    Returns:
        None where the test part lacks a label, or tells two of them apart no better than chance.
    """
    rates = test.rates(1.0 if at is None else test.age(at))
    if not decided.sum() or rates is None:
        return None
    fresh = np.maximum(decided - judged.sum(axis=0), 0.0)
    found = _solve(fresh, rates.rows)
    if found is None:
        return None
    before = test.confusion.sum(axis=1) / test.confusion.sum()
    random = np.random.default_rng(_SEED)
    draws = []
    for _ in range(_DRAWS):
        rows = rates.draw(found, random)
        drawn = _solve(fresh, rows)
        if drawn is not None:
            known = _drawn(judged, random)
            draws.append(_figures(known + drawn[:, None] * rows, before))
    joint = judged + found[:, None] * rates.rows
    values = _figures(joint, before)
    ends = np.quantile([*draws, values], [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], axis=0)
    shift, f1 = (
        Estimate(value, min(value, float(low)), max(value, float(high)))
        for value, low, high in zip(values, ends[0], ends[1], strict=True)
    )
    return LabelEstimate(_shares(joint), shift, f1)


def _solve(counts: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """How many of each label give these counts of decisions; least squares, none below 0."""
    from scipy.optimize import nnls

    if np.linalg.matrix_rank(rates, tol=1e-3) < len(rates):
        return None
    total = counts.sum()
    if not total:
        return np.zeros(len(rates))
    found, _ = nnls(rates.T, counts / total)
    held = found.sum()
    return np.asarray(found / held * total, dtype=np.float64) if held > 0 else None


def _drawn(judged: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """The events of known inputs as they may turn out: one that was judged both ways is a coin.

    As if all of them were of one input, which is the most that they can vary.
    """
    totals = judged.sum(axis=0)
    shares = np.divide(judged, totals, out=np.zeros_like(judged), where=totals > 0)
    columns = [
        random.multinomial(round(total), share / share.sum()) if total else share
        for total, share in zip(totals.tolist(), shares.T, strict=True)
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def _shares(joint: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(joint.sum(axis=1) / joint.sum(), dtype=np.float64)


def _figures(joint: NDArray[np.float64], before: NDArray[np.float64]) -> tuple[float, float]:
    """How far the labels' shares have moved from `before`, and the macro-F1."""
    return float(np.abs(_shares(joint) - before).sum() / 2), _macro_f1(joint)


def _macro_f1(joint: NDArray[np.float64]) -> float:
    both = joint.sum(axis=0) + joint.sum(axis=1)
    hits = 2 * joint.diagonal()
    # As metrics count it: a label that neither occurs nor is decided on has an F1 of 0.
    return float(np.divide(hits, both, out=np.zeros_like(hits), where=both > 0).mean())

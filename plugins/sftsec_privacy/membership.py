"""Who tells from a model's answer whether it was trained on an incident, and how surely.

The likelihood-ratio attack (Carlini et al. 2022, "Membership inference attacks from first
principles"): many models are fitted, each on half of the rows. For each row the logits of its
label under models with it and without it are two normal distributions; the ratio of their densities
at the logit of a further model tells whether that one had it. Each model is the target once, and
the others are its shadows. The spread is shared by all rows, as the paper has it for few shadows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SURE = 1e-6  # a probability of 1 has no logit
_RESAMPLES = 100
_FEW = 0.001  # of the rows that were not trained on, so many may be called members
LEAST_FOR_FEW = 1000


@dataclass(frozen=True, slots=True)
class MembershipFigures:
    """How well the attack does; 0.5 is chance.

    Attributes:
        auc: area under its ROC curve, the mean over all targets.
        low: end of the 95% interval, over resampled rows.
        high: the other end.
        loss_auc: of the simple attack, which asks how sure the model is (Yeom et al. 2018).
        tpr: share of the members that are told at 0.1% false ones; None with too few rows.
    """

    auc: float
    low: float
    high: float
    loss_auc: float
    tpr: float | None


def logits(proba: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits of the label's probabilities, any shape."""
    bounded = np.clip(proba, _SURE, 1 - _SURE)
    return np.asarray(np.log(bounded / (1 - bounded)))


def attack(scores: NDArray[np.float64], member: NDArray[np.bool_], seed: int) -> MembershipFigures:
    """Attack each of m models with the others.

    Args:
        scores: logits of the label, shape (m, n).
        member: which rows a model was fitted on, shape (m, n).
        seed: of the resamples.
    """
    ratios = np.stack([_ratios(scores, member, target) for target in range(len(scores))])
    known = np.isfinite(ratios)
    auc = _mean_auc(ratios, member, known)
    rng, n = np.random.default_rng(seed), scores.shape[1]
    drawn = [rng.integers(0, n, n) for _ in range(_RESAMPLES)]
    again = [_mean_auc(ratios[:, i], member[:, i], known[:, i]) for i in drawn]
    low, high = np.quantile(again, [0.025, 0.975])
    loss = _mean_auc(scores, member, np.ones_like(member))
    return MembershipFigures(auc, float(low), float(high), loss, _told(ratios, member, known))


def _ratios(
    scores: NDArray[np.float64], member: NDArray[np.bool_], target: int
) -> NDArray[np.float64]:
    """Log likelihood ratios of one model's rows, shape (n,); not a number where none is known."""
    others = np.arange(len(scores)) != target
    shadow, held = scores[others], member[others]
    inside, with_it = _normal(shadow, held)
    outside, without_it = _normal(shadow, ~held)
    one = -0.5 * ((scores[target] - inside) / with_it) ** 2 - np.log(with_it)
    other = -0.5 * ((scores[target] - outside) / without_it) ** 2 - np.log(without_it)
    return np.asarray(one - other)


def _normal(
    scores: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], float]:
    """Each row's mean over the models that are chosen for it, and the spread that all share."""
    count = chosen.sum(axis=0)
    total = np.where(chosen, scores, 0).sum(axis=0)
    mean = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    squares = np.where(chosen, (scores - mean) ** 2, 0)[:, count > 1]
    spread = np.sqrt(squares.sum() / max((count[count > 1] - 1).sum(), 1))
    return mean, max(float(spread), _SURE)


def _mean_auc(
    scores: NDArray[np.float64], member: NDArray[np.bool_], known: NDArray[np.bool_]
) -> float:
    found = [_auc(s[k], m[k]) for s, m, k in zip(scores, member, known, strict=True)]
    return float(np.mean(found))


def _auc(scores: NDArray[np.float64], member: NDArray[np.bool_]) -> float:
    """The chance that a member is above another row; ties count half."""
    from scipy.stats import rankdata

    inside = int(member.sum())
    outside = len(member) - inside
    if not inside or not outside:
        return 0.5
    ranks = float(rankdata(scores)[member].sum())
    return (ranks - inside * (inside + 1) / 2) / (inside * outside)


def _told(
    ratios: NDArray[np.float64], member: NDArray[np.bool_], known: NDArray[np.bool_]
) -> float | None:
    """The share of members above all but one in a thousand of the other rows."""
    outside, inside = ratios[known & ~member], ratios[known & member]
    if len(outside) < LEAST_FOR_FEW or not len(inside):
        return None
    return float((inside > np.quantile(outside, 1 - _FEW)).mean())

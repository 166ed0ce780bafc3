"""Select among several models when dev is small: a more expensive one must win beyond chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.predictions import attack_scores
from sftsec_core.evaluation.bootstrap import Resamples
from sftsec_core.evaluation.ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DRAWS = 400
# By how many standard errors of the difference the more expensive
# model must lead. One more text right
# and none wrong is 1; three more right and two more wrong is 0.45.
MIN_EFFECT_SIZE = 0.5
# Fine-tuned models cost minutes and averages are many looks at one dev, of which one is ahead by
# luck: they must lead by what is usually called significant.
STRICT_MIN_EFFECT_SIZE = 2.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model's answers on dev.

    Attributes:
        members: the recipes that it averages; one for a model by itself.
        proba: shape (n, k).
        min_effect_size: standard errors by which it must lead a cheaper one to replace it.
    """

    members: tuple[str, ...]
    proba: NDArray[np.float64]
    min_effect_size: float = MIN_EFFECT_SIZE

    @property
    def name(self) -> str:
        """The members' names, joined."""
        return "+".join(self.members)

    def macro_f1(self, y: NDArray[np.int64]) -> float:
        """Macro-F1 of the most probable classes against y, shape (n,)."""
        return macro_f1(y, self.answers(), self.proba.shape[1])

    def score(self, y: NDArray[np.int64], benign: int | None) -> float:
        """Macro-F1, or its mean with the average precision of attacks where there is benign."""
        found = self.macro_f1(y)
        if benign is None:
            return found
        ranking = Ranking.of(attack_scores(self.proba, benign), y != benign)
        if ranking is None:
            return found
        precision = ranking.figures(np.ones((1, len(y)), dtype=np.uint16))["average_precision"]
        return (found + float(precision[0])) / 2

    def answers(self) -> NDArray[np.int64]:
        """The most probable class of each row, shape (n,)."""
        answers: NDArray[np.int64] = self.proba.argmax(axis=1)
        return answers


def select_model(
    candidates: Sequence[Candidate], y: NDArray[np.int64], seed: int, benign: int | None = None
) -> Candidate:
    """Keep the best; a later candidate must lead by more than noise.

    Args:
        candidates: cheapest first.
        y: true columns, shape (n,).
        seed: of the bootstrap's draws, the same for every pair.
        benign: the benign column; with it the ranking of attacks counts beside macro-F1.
    """
    best = candidates[0]
    for candidate in candidates[1:]:
        if leads(best, candidate, y, seed, benign):
            best = candidate
    return best


def leads(
    one: Candidate, other: Candidate, y: NDArray[np.int64], seed: int, benign: int | None
) -> bool:
    """Whether the other is better than the one in a figure, and worse in none, beyond noise.

    The figures are macro-F1 and, with a benign class, the average precision of attacks.
    """
    effects = [effect_size(one, other, y, seed)]
    if benign is not None:
        effects.append(_ranking_effect(one, other, y, seed, benign))
    bound = other.min_effect_size
    return max(effects) > bound and min(effects) > -min(bound, 1.0)


def effect_size(one: Candidate, other: Candidate, y: NDArray[np.int64], seed: int) -> float:
    """How far the other's macro-F1 lies above the one's, in standard errors of the difference.

    The difference is paired: both are judged on the same bootstrap draws of dev. Rows that have
    the truth and both answers in common are drawn together, so that a large dev costs no more.
    """
    k = one.proba.shape[1]
    rows = np.stack([y, one.answers(), other.answers()], axis=1)
    cells, counts = np.unique(rows, axis=0, return_counts=True)
    draws = np.random.default_rng(seed).multinomial(len(y), counts / len(y), size=DRAWS)
    weights = np.vstack([counts, draws]).astype(np.float64)
    truth, first, second = cells.T
    return _effect(_macro_f1(truth, second, k, weights) - _macro_f1(truth, first, k, weights))


def _ranking_effect(
    one: Candidate, other: Candidate, y: NDArray[np.int64], seed: int, benign: int
) -> float:
    """How far the other's average precision lies above, in standard errors of the difference."""
    rankings = [Ranking.of(attack_scores(each.proba, benign), y != benign) for each in (one, other)]
    first, second = rankings
    if first is None or second is None:
        return 0.0
    blocks = [np.ones((1, len(y)), dtype=np.uint16), *Resamples(y, count=DRAWS, seed=seed)]
    found = [
        ranking.figures(counts)["average_precision"]
        for counts in blocks
        for ranking in (first, second)
    ]
    return _effect(np.concatenate(found[1::2]) - np.concatenate(found[::2]))


def _effect(difference: NDArray[np.float64]) -> float:
    """The first of the differences, over the deviation of the others, which were drawn."""
    spread = float(difference[1:].std())
    return float(difference[0]) / spread if spread > 0 else 0.0


def macro_f1(y: NDArray[np.int64], answers: NDArray[np.int64], k: int) -> float:
    """Macro-F1 over the classes that occur in y.

    Args:
        y: true columns, shape (n,).
        answers: predicted columns, shape (n,).
        k: number of classes.
    """
    return float(_macro_f1(y, answers, k, np.ones((1, len(y))))[0])


def _macro_f1(
    y: NDArray[np.int64], predicted: NDArray[np.int64], k: int, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Macro-F1 over the classes that occur in y, for each row of weights (b, n)."""
    true_counts = weights @ np.eye(k)[y]
    predicted_counts = weights @ np.eye(k)[predicted]
    hits = weights @ (np.eye(k)[y] * (y == predicted)[:, None])
    total = true_counts + predicted_counts
    scores = np.divide(2 * hits, total, out=np.zeros_like(total), where=total > 0)
    occurring = np.unique(y)
    result: NDArray[np.float64] = scores[:, occurring].mean(axis=1)
    return result

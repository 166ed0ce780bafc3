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

    from sftsec_core.api.domain import TaskSpec

DRAWS = 400
# By how many standard errors of the difference the more expensive
# model must lead. One more text right
# and none wrong is 1; three more right and two more wrong is 0.45.
MIN_EFFECT_SIZE = 0.5
# Fine-tuned models cost minutes and averages are many looks at one dev, of which one is ahead by
# luck: they must lead by what is usually called significant.
STRICT_MIN_EFFECT_SIZE = 2.0


MACRO_F1 = "macro_f1"


@dataclass(frozen=True, slots=True)
class Goal:
    """What candidates are chosen by.

    Attributes:
        figures: names of built-in metrics; each but macro-F1 ranks attacks above benign rows.
        benign: the benign column; None in a task without one.
    """

    figures: tuple[str, ...] = (MACRO_F1,)
    benign: int | None = None

    @classmethod
    def of(cls, task: TaskSpec) -> Goal:
        """The task's metric; else macro-F1, and the average precision of attacks beside it."""
        if task.benign is None:
            return cls()
        benign = task.labels.index(task.benign)
        return cls((task.metric,) if task.metric else (MACRO_F1, "average_precision"), benign)

    @property
    def ranked(self) -> tuple[str, ...]:
        """The figures that rank."""
        return tuple(name for name in self.figures if name != MACRO_F1)

    def ranking(self, proba: NDArray[np.float64], y: NDArray[np.int64]) -> Ranking | None:
        """The ranking of attacks; None where y has one side only."""
        if self.benign is None:
            return None
        return Ranking.of(attack_scores(proba, self.benign), y != self.benign)


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

    def score(self, y: NDArray[np.int64], goal: Goal) -> float:
        """The mean of the goal's figures that y can tell."""
        found = [self.macro_f1(y)] if MACRO_F1 in goal.figures else []
        ranking = goal.ranking(self.proba, y)
        if ranking is not None and goal.ranked:
            figures = ranking.figures(np.ones((1, len(y)), dtype=np.uint16))
            found += [float(figures[name][0]) for name in goal.ranked]
        known = [figure for figure in found if np.isfinite(figure)]
        return float(np.mean(known)) if known else self.macro_f1(y)

    def answers(self) -> NDArray[np.int64]:
        """The most probable class of each row, shape (n,)."""
        answers: NDArray[np.int64] = self.proba.argmax(axis=1)
        return answers


def select_model(
    candidates: Sequence[Candidate], y: NDArray[np.int64], seed: int, goal: Goal | None = None
) -> Candidate:
    """Keep the best; a later candidate must lead by more than noise.

    Args:
        candidates: cheapest first.
        y: true columns, shape (n,).
        seed: of the bootstrap's draws, the same for every pair.
        goal: what they are chosen by; default: macro-F1.
    """
    best = candidates[0]
    for candidate in candidates[1:]:
        if leads(best, candidate, y, seed, goal or Goal()):
            best = candidate
    return best


def leads(one: Candidate, other: Candidate, y: NDArray[np.int64], seed: int, goal: Goal) -> bool:
    """Whether the other is better than the one in a figure, and worse in none, beyond noise."""
    effects = [effect_size(one, other, y, seed)] if MACRO_F1 in goal.figures else []
    effects += [_ranking_effect(one, other, y, seed, (goal, name)) for name in goal.ranked]
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
    one: Candidate, other: Candidate, y: NDArray[np.int64], seed: int, by: tuple[Goal, str]
) -> float:
    """How far the other's figure of ranking lies above, in standard errors of the difference."""
    goal, name = by
    first, second = (goal.ranking(each.proba, y) for each in (one, other))
    if first is None or second is None:
        return 0.0
    blocks = [np.ones((1, len(y)), dtype=np.uint16), *Resamples(y, count=DRAWS, seed=seed)]
    found = [ranking.figures(counts)[name] for counts in blocks for ranking in (first, second)]
    return _effect(np.concatenate(found[1::2]) - np.concatenate(found[::2]))


def _effect(difference: NDArray[np.float64]) -> float:
    """The first of the differences, over the deviation of the others, which were drawn.

    One that is the same in every draw is beyond noise; one that y cannot tell is none.
    """
    spread = float(difference[1:].std())
    if not np.isfinite(spread):
        return 0.0
    if not spread and difference[0]:
        return float(np.copysign(np.inf, difference[0]))
    return float(difference[0]) / spread if spread else 0.0


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

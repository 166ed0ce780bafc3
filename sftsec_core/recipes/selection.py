"""Select among several models when dev is small: a more expensive one must win beyond chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain.objectives import MACRO_F1
from sftsec_core.evaluation.bootstrap import Resamples
from sftsec_core.recipes.goal import Goal, macro_f1, weighted_macro_f1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DRAWS = 400
ERRORS = 100  # draws of a standard error that is only told
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

    def score(self, y: NDArray[np.int64], goal: Goal) -> float:
        """The mean of the goal's figures that y can tell; more is better."""
        return goal.score(self.proba, y)

    def figures(
        self, y: NDArray[np.int64], goal: Goal, seed: int
    ) -> dict[str, tuple[float, float]]:
        """The goal's figures and macro-F1, each with its standard error by stratified bootstrap."""
        draws = self._draws(y, goal, seed)
        return {
            name: (round(abs(float(values[0])), 4), round(float(values[1:].std()), 4))
            for name, values in draws.items()
            if np.isfinite(values).all()
        }

    def score_with_error(self, y: NDArray[np.int64], goal: Goal, seed: int) -> tuple[float, float]:
        """The score, and its standard error by stratified bootstrap."""
        draws = self._draws(y, goal, seed)
        known = [each for name, each in draws.items() if name in goal.figures]
        known = [each for each in known if np.isfinite(each).all()] or [draws[MACRO_F1]]
        return self.score(y, goal), float(np.mean(known, axis=0)[1:].std())

    def _draws(self, y: NDArray[np.int64], goal: Goal, seed: int) -> dict[str, NDArray[np.float64]]:
        """Figures of all rows and, behind it, of each resample; more is better."""
        blocks = [np.ones((1, len(y)), dtype=np.uint16), *Resamples(y, count=ERRORS, seed=seed)]
        answers, k = self.answers(), self.proba.shape[1]
        found = [
            {
                MACRO_F1: weighted_macro_f1(y, answers, k, block.astype(np.float64)),
                **goal.scores(self.proba, y, block),
            }
            for block in blocks
        ]
        return {name: np.concatenate([each[name] for each in found]) for name in found[0]}

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
    bound, found = other.min_effect_size, effects(one, other, y, seed, goal)
    return max(found) > bound and min(found) > -min(bound, 1.0)


def effects(
    one: Candidate, other: Candidate, y: NDArray[np.int64], seed: int, goal: Goal
) -> list[float]:
    """By how many standard errors the other lies above the one, in each figure of the goal.

    One 0 where y can tell none of them.
    """
    found = [effect_size(one, other, y, seed)] if MACRO_F1 in goal.figures else []
    return found + _ranking_effects(one, other, y, seed, goal) or [0.0]


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
    return _effect(
        weighted_macro_f1(truth, second, k, weights) - weighted_macro_f1(truth, first, k, weights)
    )


def _ranking_effects(
    one: Candidate, other: Candidate, y: NDArray[np.int64], seed: int, goal: Goal
) -> list[float]:
    """How far the other's ranked figures lie above, in standard errors of the difference."""
    blocks = [np.ones((1, len(y)), dtype=np.uint16)]
    if goal.ranked:
        blocks += list(Resamples(y, count=DRAWS, seed=seed))
    first, second = ([goal.scores(each.proba, y, b) for b in blocks] for each in (one, other))
    return [
        _effect(np.concatenate([after[name] - before[name] for before, after in pairs]))
        for pairs in (list(zip(first, second, strict=True)),)
        for name in first[0]
    ]


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

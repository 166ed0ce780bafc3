"""What labelling functions do: how often they vote and are right, and where they collide."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.dataset.intervals import exact_interval
from sftsec_core.dataset.labelling.functions import ABSTAIN
from sftsec_core.dataset.labelling.label_model import ENOUGH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.dataset.labelling.functions import LabellingFunction
    from sftsec_core.dataset.labelling.label_model import LabelModel

COPIES = 0.9
"""Correlation of votes from which two functions are told of as copies."""
_MOST_PAIRS = 20


@dataclass(frozen=True, slots=True)
class FunctionSummary:
    """One labelling function.

    Attributes:
        name: as the task calls it.
        kind: regex, indicators or verdict_of.
        votes: unlabelled incidents that it votes on.
        coverage: the same as a fraction of them.
        overlaps: the fraction of them on which another function votes too.
        conflicts: the fraction of them on which another one votes for another label.
        right: of its votes on labelled incidents of train.
        voted: how many of those it votes on.
        accuracy: right over voted; None where it votes on none.
        low: of the 95% interval of the accuracy (Clopper and Pearson); None with it.
        high: the same.
        chance: the accuracy of as many votes that know nothing; None where it votes on none.
        used: whether its votes count.
        why_not: why they do not, "" where they do.
        note: what else a reader should know.
        labels: how many labels that are learned from it voted for; filled in by a run.
    """

    name: str
    kind: str
    votes: int
    coverage: float
    overlaps: float
    conflicts: float
    right: int
    voted: int
    accuracy: float | None
    low: float | None
    high: float | None
    chance: float | None
    used: bool
    why_not: str = ""
    note: str = ""
    labels: int = 0

    def to_json(self) -> dict[str, Any]:
        """For `--json` and the report."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Collision:
    """Two functions that vote on the same incidents.

    Attributes:
        first: a function's name.
        second: the other's.
        both: unlabelled incidents on which both vote.
        conflicts: of those, where they vote for different labels.
        correlation: of their votes within a label, 0 to 1; from `COPIES` they count as one.
    """

    first: str
    second: str
    both: int
    conflicts: int
    correlation: float


def summarize(
    functions: Sequence[LabellingFunction],
    model: LabelModel,
    pool: NDArray[np.int8],
    labelled: NDArray[np.int8],
    y: NDArray[np.int64],
) -> list[FunctionSummary]:
    """Describe each function.

    Args:
        functions: m of them.
        model: fitted on their votes.
        pool: votes on unlabelled incidents, shape (n, m).
        labelled: votes on labelled ones, shape (l, m).
        y: columns of their labels, shape (l,).
    """
    return [
        _summary(function, bool(model.used[j]), _Votes(j, pool, labelled, y), model.prior)
        for j, function in enumerate(functions)
    ]


@dataclass(frozen=True, slots=True)
class _Votes:
    """The votes of function j among those of all; arrays as `summarize` takes them."""

    j: int
    pool: NDArray[np.int8]
    labelled: NDArray[np.int8]
    y: NDArray[np.int64]

    def counts(self) -> tuple[int, int, int]:
        """Votes on the pool, those where others vote too, and where one votes otherwise."""
        mine, others = self.pool[:, [self.j]], np.delete(self.pool, self.j, axis=1)
        voted, there = mine[:, 0] != ABSTAIN, others != ABSTAIN
        apart = there & (others != mine)
        several = (voted, voted & there.any(axis=1), voted & apart.any(axis=1))
        votes, overlaps, conflicts = (int(each.sum()) for each in several)
        return votes, overlaps, conflicts

    def judged(self) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
        """Votes on labelled incidents, and the columns of their labels."""
        mine = self.labelled[:, self.j]
        return mine[mine != ABSTAIN], self.y[mine != ABSTAIN]


def _summary(
    function: LabellingFunction, used: bool, mine: _Votes, prior: NDArray[np.float64]
) -> FunctionSummary:
    given, truth = mine.judged()
    right, number, n = int((given == truth).sum()), len(given), max(len(mine.pool), 1)
    low, high = exact_interval(right, number) if number else (None, None)
    chance = float(prior[given].mean()) if number else None
    votes, overlaps, conflicts = mine.counts()
    return FunctionSummary(
        function.name,
        function.kind,
        votes,
        round(votes / n, 4),
        round(overlaps / n, 4),
        round(conflicts / n, 4),
        right,
        number,
        _rounded(right / number if number else None),
        _rounded(low),
        _rounded(high),
        _rounded(chance),
        used,
        "" if used else _why_not(right, number, chance),
        function.note,
    )


def collisions(
    functions: Sequence[LabellingFunction], model: LabelModel, pool: NDArray[np.int8]
) -> list[Collision]:
    """The pairs that conflict, or are copies of each other; the most conflicts first."""
    found = []
    for j, first in enumerate(functions):
        for k in range(j + 1, len(functions)):
            both = (pool[:, j] != ABSTAIN) & (pool[:, k] != ABSTAIN)
            apart = int((both & (pool[:, j] != pool[:, k])).sum())
            alike = float(model.correlations[j, k])
            if apart or alike >= COPIES:
                name = functions[k].name
                found.append(Collision(first.name, name, int(both.sum()), apart, round(alike, 3)))
    return sorted(found, key=lambda pair: (-pair.conflicts, -pair.both))[:_MOST_PAIRS]


def _why_not(right: int, number: int, chance: float | None) -> str:
    if number >= ENOUGH:
        told = f"right on {right:,} of {number:,} labelled incidents"
        return f"{told}, no better than chance ({chance:.0%})"
    return "no better than chance where others vote too; few labelled incidents to tell by"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

"""Occlusion (Zeiler and Fergus 2014): what the log-odds lose when a piece is left out.

It asks nothing of a model but its probabilities. A text of more words than the budget allows is
cut into runs of words; the runs that say most are then taken apart, word by word or in smaller
runs, with the rest of the budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api import Batch
from sftsec_explain.pieces import Piece, without

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Inputs

LEAST = 1e-9  # a probability below this is taken for it: its logarithm has no bound


@dataclass(frozen=True, slots=True)
class Weighed:
    """Pieces that were left out together, and what they add to the log-odds."""

    pieces: tuple[Piece, ...]
    contribution: float


def words_of(each: Weighed) -> str:
    """Its pieces for people."""
    return " ".join(piece.words for piece in each.pieces)


def log_odds(proba: NDArray[np.float64], pair: tuple[int, int]) -> NDArray[np.float64]:
    """ln(p[first] / p[second]) of rows of probabilities, shape (n,)."""
    first, second = (np.log(np.maximum(proba[:, column], LEAST)) for column in pair)
    return np.asarray(first - second)


def weigh(
    row: Inputs,
    groups: Sequence[tuple[Piece, ...]],
    pair: tuple[int, int],
    proba: Callable[[Sequence[Inputs]], NDArray[np.float64]],
) -> list[Weighed]:
    """What each group of pieces adds: the fall of the log-odds without it."""
    rows = [row, *(without(row, group) for group in groups)]
    found = log_odds(proba(rows), pair)
    return [
        Weighed(group, float(found[0] - alone))
        for group, alone in zip(groups, found[1:], strict=True)
    ]


def occlude(
    row: Inputs,
    pieces: Sequence[Piece],
    pair: tuple[int, int],
    proba: Callable[[Sequence[Inputs]], NDArray[np.float64]],
    rows: int,
) -> list[Weighed]:
    """What the pieces of a row add, with at most so many rows to score.

    Args:
        row: the inputs.
        pieces: of it.
        pair: the column that is explained, and the one against it.
        proba: probabilities of rows.
        rows: the budget; the row itself is one of them.
    """
    budget = max(rows - 1, 1)
    if len(pieces) <= budget:
        return weigh(row, [(piece,) for piece in pieces], pair, proba)
    first = max(budget // 2, 1)
    found = weigh(row, _runs(pieces, first), pair, proba)
    left = budget - first
    ordered = sorted(found, key=lambda each: -abs(each.contribution))
    taken, finer = set[int](), list[tuple[Piece, ...]]()
    for each in ordered:
        parts = min(len(each.pieces), left - len(finer))
        if parts < 2:  # a run of one word, or nothing left to take one apart with
            continue
        taken.add(id(each))
        finer += _runs(each.pieces, parts)
    kept = [each for each in found if id(each) not in taken]
    return [*kept, *weigh(row, finer, pair, proba)] if finer else found


def _runs(pieces: Sequence[Piece], count: int) -> list[tuple[Piece, ...]]:
    """Neighbouring pieces together, as many groups as asked."""
    edges = np.linspace(0, len(pieces), count + 1).astype(int).tolist()
    return [tuple(pieces[start:end]) for start, end in pairwise(edges) if start < end]


def as_batch(batch: Batch, rows: Sequence[Inputs]) -> Batch:
    """Rows of the same inputs as a batch's."""
    return Batch.of(batch.fields, rows)

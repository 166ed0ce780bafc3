"""Which pieces of a text a model's probability rests on, by leaving each out.

Occlusion (Zeiler and Fergus, 2014, section 2.1), on words: the influence of a piece is the fall of
the probability when it is not there. It asks nothing of the model but its probabilities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sftsec_core.api.domain import TEXT_INPUT
from sftsec_core.scoring.probabilities import probabilities

if TYPE_CHECKING:
    from sftsec_core.api.domain import Inputs
    from sftsec_core.scoring.scorer import Scorer

MOST_PIECES = 48  # a text: each costs one more row to score


class Piece(NamedTuple):
    """A piece of a text, and by how much its absence lowers the probability."""

    text: str
    influence: float


def telling_pieces(inputs: Inputs, column: int, scorer: Scorer, limit: int) -> tuple[Piece, ...]:
    """The pieces that speak most for a class, the strongest first; none without a text.

    Args:
        inputs: what the model reads of one incident.
        column: the class's, among the task's labels.
        scorer: the model with its calibrator.
        limit: how many at most; those that do not speak for it are left out.
    """
    text = inputs.get(TEXT_INPUT)
    if not isinstance(text, str) or not text.split():
        return ()
    pieces = [each.tolist() for each in np.array_split(text.split(), _count(text))]
    without = (
        {**inputs, TEXT_INPUT: " ".join(w for p in (*pieces[:n], *pieces[n + 1 :]) for w in p)}
        for n in range(len(pieces))
    )
    whole = {**inputs, TEXT_INPUT: " ".join(word for piece in pieces for word in piece)}
    proba = probabilities([whole, *without], scorer)[:, column]
    found = [
        Piece(" ".join(piece), float(proba[0] - alone))
        for piece, alone in zip(pieces, proba[1:], strict=True)
    ]
    strong = sorted((one for one in found if one.influence > 0), key=_strength)
    return tuple(strong[:limit])


def _count(text: str) -> int:
    return min(len(text.split()), MOST_PIECES)


def _strength(piece: Piece) -> tuple[float, str]:
    return (-piece.influence, piece.text)

"""What of an incident a model's probability rests on, by leaving each piece and input out.

Occlusion (Zeiler and Fergus, 2014, section 2.1), on the words of the text and on each other input:
the influence is the fall of the probability when it is not there, a number or a category that is
missing. It asks nothing of the model but its probabilities.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sftsec_core.api.domain import TEXT_INPUT, describe_inputs
from sftsec_core.scoring.probabilities import probabilities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sftsec_core.api.domain import Inputs
    from sftsec_core.scoring.scorer import Scorer

MOST_PIECES = 48  # a text: each costs one more row to score
NOISE = 1e-6  # the last bits of a probability move with the rows beside it


class Piece(NamedTuple):
    """A piece of the text or "input: value", and by how much its absence lowers the probability."""

    text: str
    influence: float


def telling_pieces(inputs: Inputs, column: int, scorer: Scorer, limit: int) -> tuple[Piece, ...]:
    """The pieces and inputs that speak most for a class, the strongest first.

    Args:
        inputs: what the model reads of one incident.
        column: the class's, among the task's labels.
        scorer: the model with its calibrator.
        limit: how many at most; those that do not speak for it are left out.
    """
    given = {name: value for name, value in inputs.items() if value not in (None, "", ())}
    text = given.get(TEXT_INPUT)
    words = text.split() if isinstance(text, str) else []
    if words:
        given[TEXT_INPUT] = " ".join(words)
    without = [*_without_words(given, words), *_without_inputs(given)]
    if not without:
        return ()
    proba = probabilities([given, *(rest for _, rest in without)], scorer)[:, column]
    found = [
        Piece(name, float(proba[0] - alone))
        for (name, _), alone in zip(without, proba[1:], strict=True)
    ]
    strong = sorted((one for one in found if one.influence > NOISE), key=_strength)
    return tuple(strong[:limit])


def _without_words(inputs: Inputs, words: list[str]) -> Iterator[tuple[str, Inputs]]:
    """Each piece of the text, and the inputs without it."""
    count = min(len(words), MOST_PIECES)
    edges = np.linspace(0, len(words), count + 1).astype(int).tolist()
    for start, end in pairwise(edges):
        rest = " ".join((*words[:start], *words[end:]))
        yield " ".join(words[start:end]), {**inputs, TEXT_INPUT: rest}


def _without_inputs(inputs: Inputs) -> Iterator[tuple[str, Inputs]]:
    """Each input but the text, and the inputs without it."""
    for name in inputs.keys() - {TEXT_INPUT}:
        rest = {other: value for other, value in inputs.items() if other != name}
        yield describe_inputs({name: inputs[name]}), rest


def _strength(piece: Piece) -> tuple[float, str]:
    return (-piece.influence, piece.text)

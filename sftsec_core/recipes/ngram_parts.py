"""What the n-grams of texts add to a weighted sum, put back on the characters that they stand on.

A block of texts is counted, weighed and divided with one pass over its n-grams: about twice the
work of scoring them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.recipes.ngrams import ngrams_at, number_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.recipes.ngrams import NgramTfidf

    Weights = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]

_BLOCK_CHARS = 200_000  # handled at once; bounds memory
_SPACE = ord(" ")
_LAST_SPACE = 0x3000  # no code point above it is white space


@dataclass(frozen=True, slots=True)
class SpacedTexts:
    """The code points of texts whose words each stand between two spaces of their own.

    Attributes:
        points: in lower case; shape (m,).
        rows: the text of each; shape (m,).
        owners: the character of all texts, each followed by one more that stands for none, that
            each is of; shape (m,).
        bounds: where the characters of each text begin, and past the last; shape (n + 1,).
    """

    points: NDArray[np.uint32]
    rows: NDArray[np.int64]
    owners: NDArray[np.int64]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str], max_chars: int) -> SpacedTexts:
        """Read at most so many characters of each text."""
        sizes = np.array([len(text) + 1 for text in texts])
        bounds = np.concatenate([[0], np.cumsum(sizes)])
        lowered = [text[:max_chars].lower() for text in texts]
        codes = np.frombuffer("".join(lowered).encode("utf-32-le", "surrogatepass"), np.uint32)
        row = np.repeat(np.arange(len(texts)), [len(each) for each in lowered])
        owner = np.concatenate(
            [
                start + _characters(text[:max_chars], each)
                for text, each, start in zip(texts, lowered, bounds.tolist(), strict=False)
            ]
        )
        word = ~_spaces()[np.minimum(codes, _LAST_SPACE + 1)]
        codes, row, owner = codes[word], row[word], owner[word]
        places = np.flatnonzero(word)
        apart = np.diff(places, prepend=-2) > 1
        first = apart | (np.diff(row, prepend=-1) != 0)
        last = np.append(first[1:], True)
        taken = 1 + first + last
        here = np.cumsum(taken) - 1 - last
        points = np.full(int(taken.sum()), _SPACE, dtype=np.uint32)
        rows = np.repeat(row, taken)
        owners = bounds[rows + 1] - 1
        points[here], owners[here] = codes, owner
        return cls(points, rows, owners, bounds)


def _characters(text: str, lowered: str) -> NDArray[np.int64]:
    """The character of a text that each of its lower case is of; a few become two."""
    if len(text) == len(lowered):
        return np.arange(len(text))
    return np.repeat(np.arange(len(text)), [len(each.lower()) for each in text])


@cache
def _spaces() -> NDArray[np.bool_]:
    """Which code points `str.split` parts words at, up to the last and one more."""
    return np.array([chr(code).isspace() for code in range(_LAST_SPACE + 1)] + [False])


def character_parts(
    ngrams: NgramTfidf,
    texts: Sequence[str],
    weights: Weights,
) -> Iterator[tuple[NDArray[np.float64], float]]:
    """What each character adds to the weighted sum of its text's features.

    An n-gram's part is divided among its occurrences, and each of these among the characters that
    it is made of; that of the space before and after a word is no character's.

    Args:
        ngrams: gives the features.
        texts: n of them; what is not read of one gets nothing.
        weights: (texts, columns), both of shape (k,), to the weights of these features.

    Yields:
        Of each text an array of shape (len(text),), and what belongs to no character.
    """
    start, size = 0, 0
    for end, text in enumerate(texts, start=1):
        size += len(text)
        if size < _BLOCK_CHARS and end < len(texts):
            continue
        yield from _of_block(ngrams, texts[start:end], start, weights)
        start, size = end, 0


def _of_block(
    ngrams: NgramTfidf,
    texts: Sequence[str],
    first: int,
    weights: Weights,
) -> Iterator[tuple[NDArray[np.float64], float]]:
    spaced = SpacedTexts.of(texts, ngrams.max_chars)
    numbers, width = number_points(spaced.points, ngrams.alphabet), max(len(ngrams.codes), 1)
    found = [
        (starts[:, None] + np.arange(n), spaced.rows[starts] * width + columns)
        for n, starts, columns in ngrams_at(ngrams, numbers, spaced.rows)
    ]
    total = np.zeros(int(spaced.bounds[-1]))
    if found:
        keys = np.concatenate([each for _, each in found])
        pairs, own, counts = np.unique(keys, return_inverse=True, return_counts=True)
        rows, columns = pairs // width, pairs % width
        values = ngrams.values(rows, columns, counts, len(texts)).astype(np.float64)
        each = (values * weights(rows + first, columns) / counts)[own]
        parts = np.split(each, np.cumsum([len(those) for _, those in found])[:-1])
        nothing = np.zeros(len(total), dtype=bool)
        nothing[spaced.bounds[1:] - 1] = True
        for (places, _), part in zip(found, parts, strict=True):
            owners = spaced.owners[places]
            real = ~nothing[owners]
            share = np.where(real.any(axis=1)[:, None], real, 1.0)
            share *= (part / share.sum(axis=1))[:, None]
            total += np.bincount(owners.ravel(), share.ravel(), minlength=len(total))
    for begin, end in zip(spaced.bounds[:-1].tolist(), spaced.bounds[1:].tolist(), strict=True):
        yield total[begin : end - 1], float(total[end - 1])

"""Tells in one pass over a text which finders' words stand in it, however many words there are.

Most finders look for what a word introduces, and most texts have none of their words. Looking for
a few hundred words one by one takes longer than all the finders; an automaton (Aho-Corasick) reads
each character once. A finder asks for its bit, and runs its patterns only where that is set.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation

from sftsec_pii.span import Span, lowered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 1 << 15  # octets in one search: a text of nothing but words has a result for each of them
_DIGIT = re.compile(r"\d")
_bits: dict[str, int] = {}
_families: list[tuple[str, ...]] = []


class ScannedText(NamedTuple):
    """A text, the same in small letters and of the same length, and what stands in it.

    `words` has the bits of the families, `digit` is the place of the first digit, -1 for none, and
    `longest` the length of the longest run without blanks.
    """

    text: str
    low: str
    words: int
    digit: int
    longest: int


if TYPE_CHECKING:
    Finder = Callable[[ScannedText], Iterator[Span]]


def family(*words: str) -> int:
    """Have each text searched for these words.

    Args:
        words: in small letters; at least one of them is in each text that the caller wants.

    Returns:
        The bit that `ScannedText.words` has where one of them stands.

    Raises:
        ValueError: a word is empty or has capitals, with which no text would be found.
    """
    wrong = [word for word in words if not word or word != lowered(word)]
    if wrong or not words:
        msg = f"words of a family are in small letters and not empty, got {wrong}"
        raise ValueError(msg)
    bit = 1 << len(_families)
    _families.append(words)
    for word in words:
        _bits[word] = _bits.get(word, 0) | bit
    _automaton.cache_clear()
    return bit


def scan(text: str) -> ScannedText:
    """Look for the words of all families."""
    low = lowered(text)
    # A lone surrogate, which JSON may hold, has no octets otherwise.
    octets = low.encode("utf-8", "surrogatepass")
    automaton, bits, overlap = _automaton()
    words = 0
    for begin in range(0, len(octets), _CHUNK):
        chunk = octets[begin : begin + _CHUNK + overlap]
        for number, _, _ in automaton.find_matches_as_indexes(chunk, overlapping=True):
            words |= bits[number]
    digit = _DIGIT.search(text)
    longest = max(map(len, text.split()), default=0)
    return ScannedText(text, low, words, digit.start() if digit else -1, longest)


def changed(before: ScannedText, text: str) -> ScannedText:
    """A scanned text after values of it became placeholders, which bring nothing to look for."""
    digit = _DIGIT.search(text) if before.digit >= 0 else None
    place = digit.start() if digit else -1
    return ScannedText(text, lowered(text), before.words, place, before.longest)


@cache
def _automaton() -> tuple[BytesAhoCorasick, tuple[int, ...], int]:
    """The automaton of all words, the bits of each, and how far a word may reach over a chunk."""
    octets = [word.encode() for word in _bits]
    automaton = BytesAhoCorasick(octets, implementation=Implementation.DFA)
    return automaton, tuple(_bits.values()), max(map(len, octets))

r"""Views of a text for an encoder: escapes decoded, words split, and what is random by its shape.

    plain     the text as it is
    decoded   `%27`, `\x27`, `\u0027`, `&#39;` and `&quot;` decoded, once
    split     decoded; words parted at separators of URLs, at a change of case and at digits
    shapes    decoded; numbers, hashes, GUIDs and random words as `num8`, `hex32`, `guid`, `blob64`

A view is a pure function of a text that never raises and takes time linear in its length. It knows
where each of its characters stands in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Literal, get_args

from sftsec_core.sdk.escapes import ESCAPES, decoded_escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ViewName = Literal["plain", "decoded", "split", "shapes"]
VIEWS: tuple[ViewName, ...] = get_args(ViewName)

_BOUNDARIES = re.compile(
    r"(?<=\w)[/?&=_@;](?=\w)|(?<=[A-Za-z])[.\-](?=[A-Za-z])"
    r"|(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])"
)
_WORDS = re.compile(r"[A-Za-z0-9+_-]{4,}+(?:={1,2}(?!\w))?")
_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{8,})")
_LONG_NUMBER = re.compile(r"[0-9]{4,}+")
_SHORTEST_RANDOM = 20
_MEASURED = 256  # characters of a word whose entropy is measured
_RANDOM_BITS = 3.8  # a character: English words of 20 letters have about 3.3, base64 of 20 about 4


@dataclass(frozen=True, slots=True)
class SeenText:
    """A text as an encoder reads it.

    Attributes:
        text: what is read.
        passes: for each rewriting, the last first: where its pieces begin, where they stand in
            the text that it rewrote, and whether a piece stands there as it is.
        lengths: of the texts that they rewrote.
    """

    text: str
    passes: tuple[tuple[list[int], list[int], list[bool]], ...] = ()
    lengths: tuple[int, ...] = ()

    def place(self, index: int) -> int:
        """Where a character of the view, or its end, stands in the original."""
        length = len(self.text)
        for (starts, places, literal), before in zip(self.passes, self.lengths, strict=True):
            if index >= length:
                index = before
            else:
                piece = bisect_right(starts, index) - 1
                index = places[piece] + (index - starts[piece] if literal[piece] else 0)
            length = before
        return index

    def original(self, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Spans of the view, ascending, as those of the original that are not empty."""
        found = [(self.place(start), self.place(end)) for start, end in spans]
        return [(start, end) for start, end in found if start < end]


def view(name: ViewName, text: str) -> SeenText:
    """See a text through a view."""
    seen = SeenText(text)
    if name == "plain":
        return seen
    seen = _rewrite(seen, ESCAPES, decoded_escape)
    if name == "split":
        return _rewrite(seen, _BOUNDARIES, lambda match: f" {match[0]} " if match[0] else " ")
    return _rewrite(seen, _WORDS, lambda match: _shape(match[0])) if name == "shapes" else seen


def _rewrite(
    seen: SeenText, pattern: re.Pattern[str], change: Callable[[re.Match[str]], str]
) -> SeenText:
    """Replace every match, and note where what is left stands."""
    pieces: list[str] = []
    starts: list[int] = []
    places: list[int] = []
    literal: list[bool] = []
    count = behind = 0
    for match in pattern.finditer(seen.text):
        new = change(match)
        if new == match[0]:
            continue
        for piece, place, stays in (
            (seen.text[behind : match.start()], behind, True),
            (new, match.start(), False),
        ):
            if piece:
                pieces.append(piece)
                starts.append(count)
                places.append(place)
                literal.append(stays)
                count += len(piece)
        behind = match.end()
    if not pieces:
        return seen
    pieces.append(seen.text[behind:])
    starts.append(count)
    places.append(behind)
    literal.append(True)
    text = "".join(pieces)
    return SeenText(
        text, ((starts, places, literal), *seen.passes), (len(seen.text), *seen.lengths)
    )


def _shape(word: str) -> str:
    """A word, or what tells of its kind and size: in letters that every tokenizer knows."""
    if _GUID.fullmatch(word):
        return "guid"
    if word.isdigit():
        return f"num{len(word)}"
    found = _HEX.fullmatch(word)
    if found and not found[1].isalpha():
        return f"hex{len(found[1])}"
    if looks_random(word):
        return f"blob{1 << (len(word) - 1).bit_length()}"
    return _LONG_NUMBER.sub(lambda match: f"num{len(match[0])}", word)


def looks_random(word: str) -> bool:
    """Whether a word is as long and as even in its characters as base64 is."""
    return len(word) >= _SHORTEST_RANDOM and _bits(word[:_MEASURED]) >= _RANDOM_BITS


def _bits(word: str) -> float:
    """Shannon's entropy of a word's characters, in bits a character; 0 for letters of one case."""
    if word.isalpha() and (word.islower() or word.isupper()):
        return 0.0
    counts = Counter(word).values()
    return -sum(n / len(word) * log2(n / len(word)) for n in counts)

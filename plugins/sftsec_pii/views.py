r"""Reads what a text encodes: `%40`, `&#64;`, `\u0040` and base64, one level.

A view maps its places back, so that what is found in it is replaced in the text as it stands. A
base64 word that holds something short is replaced as a whole, a long one (a script, a message) is
encoded again, so that the rest of it stays what it was.
"""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

_ENCODED = re.compile(
    r"(?P<percent>(?:%(?:25)?[0-9A-Fa-f]{2})+)|&(?:#(?P<decimal>\d{2,3})|#x(?P<hex>[0-9A-Fa-f]{2})"
    r"|(?P<named>amp|quot|apos|lt|gt|commat|period|colon|equals|sol|bsol));|\\(?:u00|x)(?P<code>[2-7][0-9A-Fa-f])"
)
_BYTE = re.compile(r"%(?:25)?([0-9A-Fa-f]{2})")
_NAMED = {"amp": "&", "quot": '"', "apos": "'", "lt": "<", "gt": ">"} | {
    "commat": "@",
    "period": ".",
    "colon": ":",
    "equals": "=",
    "sol": "/",
    "bsol": "\\",
}
SHORTEST_WORD = 16  # letters of a base64 word
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}+={0,2}")
# What makes it a part of something longer. A look-behind would be tried at each letter.
_GLUE_BEFORE = frozenset("_-.%")
_GLUE_AFTER = frozenset("_=-%")
_PROBE = 16  # characters of base64: 12 bytes
_LONGEST_WHOLE = 200
_LONGEST = 1 << 20
_PRINTABLE = re.compile(rb"[\t\n\r -~]*+(?:[\xc2-\xf4][\x80-\xbf]{1,3}[\t\n\r -~]*+)*+")


class View:
    """A text decoded, and where each of its characters stands in the original."""

    def __init__(self, text: str, pieces: list[tuple[str, int, bool]]) -> None:
        """Join the pieces: decoded text, its place in the original, and whether it is literal."""
        self.text = "".join(piece for piece, _, _ in pieces)
        self._original = text
        self._starts: list[int] = []
        self._places: list[tuple[int, bool]] = []
        count = 0
        for piece, place, literal in pieces:
            self._starts.append(count)
            self._places.append((place, literal))
            count += len(piece)

    def place(self, index: int) -> int:
        """Where the character at an index of the view begins in the original."""
        if index >= len(self.text):
            return len(self._original)
        number = bisect_right(self._starts, index) - 1
        place, literal = self._places[number]
        return place + index - self._starts[number] if literal else place


def has_encoded(text: str) -> bool:
    """Whether characters may be encoded."""
    return "%" in text or ("&" in text and ";" in text) or "\\u00" in text or "\\x" in text


def view(text: str) -> View | None:
    """Decode a text; None when nothing is encoded in it."""
    pieces: list[tuple[str, int, bool]] = []
    behind = 0
    for match in _ENCODED.finditer(text):
        decoded = list(_decode(match))
        if not decoded:
            continue
        if match.start() > behind:
            pieces.append((text[behind : match.start()], behind, True))
        pieces += ((char, place, False) for char, place in decoded)
        behind = match.end()
    if not pieces:
        return None
    if behind < len(text):
        pieces.append((text[behind:], behind, True))
    return View(text, pieces)


def _decode(match: re.Match[str]) -> Iterator[tuple[str, int]]:
    """Each character of a match, and its place; nothing when the bytes are no text."""
    start = match.start()
    if match.lastgroup == "percent":
        found = list(_BYTE.finditer(match[0]))
        octets = bytes(int(each[1], 16) for each in found)
        try:
            chars = octets.decode()
        except UnicodeDecodeError:
            return
        number = 0
        for char in chars:
            yield char, start + found[number].start()
            number += len(char.encode())
    elif match.lastgroup == "named":
        yield _NAMED[match[0][1:-1]], start
    else:
        digits = match[match.lastgroup or 0]
        yield chr(int(digits, 10 if match.lastgroup == "decimal" else 16)), start


class EncodedWord(NamedTuple):
    """A base64 word whose bytes are text."""

    start: int
    end: int
    text: str
    encode: Callable[[str], str]

    @property
    def is_short(self) -> bool:
        """Whether it is replaced as a whole."""
        return len(self.text) <= _LONGEST_WHOLE


def blobs(text: str) -> Iterator[EncodedWord]:
    """The base64 words that hold text in UTF-8 or UTF-16."""
    for match in _BASE64.finditer(text):
        start, end = match.span()
        if text[start - 1 : start] in _GLUE_BEFORE or text[end : end + 1] in _GLUE_AFTER:
            continue
        word = match[0]
        if len(word) % 4 == 1 or len(word) > _LONGEST or not _is_text(word[:_PROBE]):
            continue
        try:
            octets = base64.b64decode(word + "=" * (-len(word) % 4), validate=True)
        except binascii.Error:
            continue
        coding = "utf-16-le" if octets[1:2] == b"\0" else "utf-8"
        try:
            yield EncodedWord(start, end, octets.decode(coding), _encoder(coding))
        except UnicodeDecodeError:
            continue


def _encoder(coding: str) -> Callable[[str], str]:
    return lambda text: base64.b64encode(text.encode(coding)).decode()


def _is_text(word: str) -> bool:
    octets = base64.b64decode(word)
    if octets[1::2] == bytes(len(octets) // 2):
        octets = octets[::2]
    # A character may be cut off at the end.
    return _PRINTABLE.fullmatch(octets) is not None or (
        octets[0] < 128 and _PRINTABLE.fullmatch(octets[:-2]) is not None
    )

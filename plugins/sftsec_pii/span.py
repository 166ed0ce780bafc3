"""What a finder yields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """What to replace: `text[start:end]`, and the value that names it (cases folded)."""

    start: int
    end: int
    value: str


_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def lowered(text: str) -> str:
    """The text in small letters, of the same length: places in it are places in the text."""
    low = text.lower()
    # "İ" has two characters in small letters.
    return low if len(low) == len(text) else text.translate(_ASCII_LOWER)


def whole(pattern: re.Pattern[str], text: str, start: int = 0, end: int = 2**62) -> Iterator[Span]:
    """Each match."""
    for match in pattern.finditer(text, start, end):
        yield Span(match.start(), match.end(), match[0])


def groups(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    """The groups that took part in each match; a placeholder of an earlier run is none."""
    for match in pattern.finditer(text):
        for number, value in enumerate(match.groups(), 1):
            if value is not None and "<SECRET:" not in value:
                yield Span(match.start(number), match.end(number), value)

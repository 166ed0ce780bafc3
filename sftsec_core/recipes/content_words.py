"""Which characters of a text are words that a language model can learn something from.

A word is a run of letters and digits between anything else (delimiters, space, punctuation). It is
content unless it is
- a number, with or without its unit: it begins with a digit (`443`, `10ms`, `0x1f`), or has more
  digits than letters;
- hexadecimal of 8 characters or more with a digit in it, or of 16 or more without;
- a part of a GUID;
- a part of a time stamp, with the names of its month, its day and its zone;
- random: of 20 characters or more with the entropy of base64, or of 40 or more whatever they are;
- a single letter.

To guess those is to guess at chance: it would teach an encoder nothing, and cost as much.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.recipes.views import looks_random

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+")
_HEX = re.compile(r"[0-9a-fA-F]{8,}")
_LONG_HEX = 16  # without a digit: longer than any word of the letters a to f
_TOO_LONG = 40
_NOT_CONTENT = re.compile(
    # A GUID.
    r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
    # 2026-01-02T03:04:05.6Z, 2026-01-02 03:04:05 UTC
    r"|\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?: ?(?:Z|UTC|GMT)\b)?"
    # Mon, 12 Jan 2026 10:00:00 GMT; Jan 12 10:00:00; 12/Jan/2026:10:00:00
    r"|\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? )?"
    r"(?:\d{1,2}[ /-])?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
    r"(?:[ /-]{1,2}\d{1,4})(?:[ :]\d\d?:\d\d(?::\d\d)?)?(?: (?:UTC|GMT|[A-Z]{3,4})\b)?(?: \d{4}\b)?"
    # 10:00:00 PM
    r"|\b\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:[AP]M|Z|UTC|GMT)\b)?"
)


def content_words(text: str) -> NDArray[np.int32]:
    """Number the content words of a text.

    Args:
        text: any; the time taken is linear in its length.

    Returns:
        For each character the number of its word, from 1; 0 for what is no content. Shape
        (len(text),).
    """
    numbers = np.zeros(len(text), dtype=np.int32)
    for count, match in enumerate(_WORD.finditer(text), start=1):
        if _is_content(match[0]):
            numbers[match.start() : match.end()] = count
    for match in _NOT_CONTENT.finditer(text):
        numbers[match.start() : match.end()] = 0
    return numbers


def _is_content(word: str) -> bool:
    letters = sum(map(str.isalpha, word))
    if word[0].isdigit() or letters < 2 or letters < len(word) - letters or len(word) >= _TOO_LONG:
        return False
    if _HEX.fullmatch(word) and (not word.isalpha() or len(word) >= _LONG_HEX):
        return False
    return not looks_random(word)

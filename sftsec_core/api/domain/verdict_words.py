"""When two spellings are one word of a platform's for a verdict."""

from __future__ import annotations

import re

_WHOLE = re.compile(r"([+-]?[0-9]+)\.0+")


def trim_whole(word: str) -> str:
    """Write a whole number without its decimals: `1` for `1.0`, which is how tables write it.

    Anything else stays as it is.
    """
    found = _WHOLE.fullmatch(word.strip())
    return found[1] if found else word


def fold_word(word: str) -> str:
    """Return what equal words have in common: case, outer blanks and `.0` do not matter."""
    return trim_whole(word.strip().casefold())

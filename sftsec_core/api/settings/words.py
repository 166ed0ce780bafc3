"""When two verdict words are one: consoles and exports spell the same word in many ways."""

from __future__ import annotations

import re
import unicodedata

# What platforms write where an analyst came to no verdict.
UNDETERMINED = (
    "undetermined",
    "unassigned",
    "other",
    "unknown",
    "indeterminate",
    "inconclusive",
    "duplicate",
    "duplicated",
    "not enough information",
)
# Not at the head of a word: -1 is not 1.
_JOINTS = re.compile(r"(?<=[^\W_])[\s_\-\u2010-\u2015]+")
_WHOLE = re.compile(r"([+-]?\d+)\.0+")


def word_key(word: str) -> str:
    """The form in which verdict words are compared.

    Case, spaces, dashes and underscores do not count ("True Positive", "TruePositive" and
    "true_positive" are one word), and a whole number is the same with a decimal point: a column
    of 0 and 1 with a gap in it is read as 0.0 and 1.0 by most tools.
    """
    key = _JOINTS.sub("", unicodedata.normalize("NFKC", word).strip()).casefold()
    whole = _WHOLE.fullmatch(key)
    return whole[1] if whole else key

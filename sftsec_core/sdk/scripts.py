"""Which script a text is written in: what tells languages apart where no field names one."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_READ = 2000  # characters of a text that tell its script
_LETTER = re.compile("[A-Za-z]")


def script_of(text: str) -> str:
    """The script that most letters of a text are of, by Unicode names; "" without letters."""
    read = text[:_READ]
    if read.isascii():  # most are, and a look at each character takes a hundred times as long
        return "Latin" if _LETTER.search(read) else ""
    counts = Counter(unicodedata.name(c, "").partition(" ")[0].title() for c in read if c.isalpha())
    return min(counts, key=lambda name: (-counts[name], name)) if counts else ""

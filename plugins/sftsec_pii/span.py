"""What a finder yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """What to replace: `text[start:end]`, and the value that names it (cases folded)."""

    start: int
    end: int
    value: str


Finder = Callable[[str], Iterator[Span]]

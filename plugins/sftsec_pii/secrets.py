"""Finds secrets: keys by their vendors' forms, credentials by what introduces them."""

from __future__ import annotations

from collections.abc import Iterator

from sftsec_pii.assigned import assigned
from sftsec_pii.commands import commands
from sftsec_pii.headers import headers
from sftsec_pii.span import Span, lowered
from sftsec_pii.vendors import vendor_keys

_SHORTEST = 8


def secrets(text: str) -> Iterator[Span]:
    """Keys, tokens and passwords; values keep their case, since it tells them apart."""
    low = lowered(text)
    yield from vendor_keys(text)
    yield from headers(text, low)
    yield from assigned(text, low)
    yield from commands(text, low)


def has_secret_word(text: str) -> bool:
    """Left to the finders, which look for each family's words."""
    return len(text) >= _SHORTEST

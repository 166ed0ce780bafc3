"""Finds secrets: keys by their vendors' forms, credentials by what introduces them."""

from __future__ import annotations

from collections.abc import Iterator

from sftsec_pii.assigned import NAME_WORDS, assigned
from sftsec_pii.commands import COMMAND_WORDS, commands
from sftsec_pii.headers import HEADER_WORDS, headers
from sftsec_pii.span import Span
from sftsec_pii.vendors import has_vendor_key, vendor_keys
from sftsec_pii.words import ScannedText

_SHORTEST = 8
_WORDS = HEADER_WORDS | NAME_WORDS | COMMAND_WORDS


def secrets(scanned: ScannedText) -> Iterator[Span]:
    """Keys, tokens and passwords; values keep their case, since it tells them apart."""
    yield from vendor_keys(scanned)
    yield from headers(scanned)
    yield from assigned(scanned)
    yield from commands(scanned)


def has_secret_word(scanned: ScannedText) -> bool:
    """Whether a word of a finder, or a key without one, may be there."""
    if len(scanned.text) < _SHORTEST:
        return False
    return bool(scanned.words & _WORDS) or has_vendor_key(scanned)

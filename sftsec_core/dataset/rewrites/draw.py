"""Choices by a key: the same for the same thing, in any order, in any process."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

Option = TypeVar("Option")

PLACEHOLDER = r"<[A-Z]{2,8}:[0-9a-f]{8}>"
"""What the redaction leaves of a value: no rewriting changes it."""


class KeyedDraw:
    """Draws for one copy of one incident.

    What is drawn depends on the key and on a name for what it is drawn for, not on the draws
    before: an address becomes the same other address in each field of an incident.
    """

    def __init__(self, key: bytes) -> None:
        """Take a key of at most 64 bytes."""
        self._key = key

    @classmethod
    def of(cls, seed: int, digest: str, copy: int) -> Self:
        """Make the draws of a copy: by the task's seed, the incident's digest, its number."""
        return cls(hashlib.blake2b(f"{seed}/{digest}/{copy}".encode(), digest_size=16).digest())

    def number(self, what: str, below: int) -> int:
        """Draw from 0 to `below`, exclusive."""
        raw = hashlib.blake2b(
            what.encode("utf-8", "surrogatepass"), key=self._key, digest_size=8
        ).digest()
        return int.from_bytes(raw, "little") % below

    def pick(self, what: str, options: Sequence[Option]) -> Option:
        """Draw one of the options."""
        return options[self.number(what, len(options))]

    def order(self, what: str, count: int) -> list[int]:
        """Draw an order of 0 to `count`, exclusive; another than the ascending one, from two on."""
        drawn = sorted(range(count), key=lambda item: self.number(f"{what}\x00{item}", 1 << 62))
        return drawn if drawn != list(range(count)) else [*drawn[1:], *drawn[:1]]

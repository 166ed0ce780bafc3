"""A uniform random sample, of bounded size, of the rows that a build would keep.

Bottom-k sampling (Cohen and Kaplan: Summarizing Data Using Bottom-k Sketches, PODC 2007): each
content has a pseudo-random key, the keyed hash of its digest, and those with the smallest keys
make the sample. It does not depend on the order of the rows; a flood of copies is one content; and
the state is the keys alone, which a resumed build finds again in the rows that it has written.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_BYTES = 8


class BottomK:
    """The sample so far: the rows with the `most` smallest keys."""

    def __init__(self, most: int, salt: bytes) -> None:
        """Start empty.

        Args:
            most: rows at most.
            salt: this site's: without it no one can choose what is drawn.
        """
        self._most = most
        self._salt = salt
        self._heap: list[tuple[int, str]] = []  # keys negated: the largest is the first to go

    def limit(self) -> int | None:
        """The key up to which a content is in the sample now; None while it has room."""
        return None if len(self._heap) < self._most else -self._heap[0][0]

    def admits(self, digest: str, limit: int | None) -> bool:
        """Whether a content's key is within a limit; what is not in the sample will never be."""
        return limit is None or self._key(digest) <= limit

    def add(self, digest: str, connector: str) -> list[str]:
        """Take a row that is admitted.

        Args:
            digest: of its inputs.
            connector: where it is from; "" where all are from one.

        Returns:
            The connector of the row that went for it, which may be its own; nothing if none did.
        """
        row = (-self._key(digest), connector)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, row)
            return []
        return [heapq.heappushpop(self._heap, row)[1]]

    def chosen(self, rows: Iterable[tuple[str, str]]) -> list[bool]:
        """Whether each of the rows taken, as (digest, connector), is in the sample at the end.

        Of rows alike in both, as in two given parts of a split, the first are.
        """
        left = Counter(self._heap)
        found = []
        for digest, connector in rows:
            row = (-self._key(digest), connector)
            found.append(left[row] > 0)
            left[row] -= 1
        return found

    def _key(self, digest: str) -> int:
        raw = hashlib.blake2b(digest.encode(), digest_size=_BYTES, key=self._salt)
        return int.from_bytes(raw.digest(), "little")

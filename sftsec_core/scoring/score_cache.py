"""What a model gave before: alert streams repeat themselves, across pages and across requests."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

MAX_BYTES = 32 * 2**20
_ENTRY_BYTES = 288  # of a digest, the object that holds a row, and their place in the dictionary


class ScoreCache:
    """Probabilities of ONE model by the digest of its inputs; those not asked for longest go first.

    It holds digests and numbers, no text. Several threads may use it at once.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        """Make an empty one that takes about so much memory at most."""
        self._max_bytes = max_bytes
        self._rows: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()
        self.kept = 0  # rows, also those that are forgotten

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, digests: Iterable[str]) -> dict[str, NDArray[np.float64]]:
        """The probabilities of those that are known, each of shape (labels,), read-only."""
        with self._lock:
            found = {each: row for each in digests if (row := self._rows.get(each)) is not None}
            for each in found:
                self._rows.move_to_end(each)
        return {each: np.frombuffer(row) for each, row in found.items()}

    def snapshot(self) -> tuple[list[str], NDArray[np.float64]]:
        """All that is remembered: n digests, oldest first, and their rows, shape (n, labels)."""
        with self._lock:
            digests, rows = list(self._rows), b"".join(self._rows.values())
        return digests, np.frombuffer(rows).reshape(len(digests), -1 if digests else 0)

    def keep(self, rows: Mapping[str, NDArray[np.float64]]) -> None:
        """Remember what the model gave, shape (labels,) each."""
        with self._lock:
            self.kept += len(rows)
            for digest, row in rows.items():
                self._rows[digest] = row.tobytes()
                self._rows.move_to_end(digest)
            width = max((row.nbytes for row in rows.values()), default=0)
            while len(self._rows) * (_ENTRY_BYTES + width) > self._max_bytes:
                self._rows.popitem(last=False)

"""An index from 32-bit keys to row numbers: sorted runs of packed words, merged geometrically.

Eight bytes a posting and no Python object: a dictionary would take ten times as much. A batch
is looked up at once (one binary search a run, of which there are logarithmically many). Keys are
hashes, so a hit is a candidate that the caller verifies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


class Postings:
    """Grows by batches; rows must be given in ascending order."""

    def __init__(self) -> None:
        """Start empty."""
        self._runs: list[NDArray[np.uint64]] = []

    def add(self, keys: NDArray[np.uint32], rows: NDArray[np.uint32]) -> None:
        """Remember that `rows[i]` has `keys[i]`; both of shape (n,)."""
        if not len(keys):
            return
        run = (keys.astype(np.uint64) << _HALF) | rows
        run.sort()
        while self._runs and len(self._runs[-1]) < 2 * len(run):
            older = self._runs.pop()
            merged = np.empty(len(older) + len(run), np.uint64)
            merged[: len(older)] = older
            merged[len(older) :] = run
            del older
            merged.sort()
            run = merged
        self._runs.append(run)

    def find(
        self, keys: NDArray[np.uint32], most: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Find the rows of many keys.

        Args:
            keys: shape (n,).
            most: rows taken a key, the earliest ones.

        Returns:
            Pairs (index into `keys`, row), shape (m,) each, sorted by index and then by row.
        """
        order = np.argsort(keys)
        low = keys[order].astype(np.uint64) << _HALF
        left = np.full(len(keys), most, np.int64)
        queries, rows = [], []
        for run in self._runs:  # older runs hold earlier rows, so the earliest are taken first
            begin = np.searchsorted(run, low)
            hit = np.flatnonzero(run[np.minimum(begin, len(run) - 1)] >> _HALF == low >> _HALF)
            hit = hit[begin[hit] < len(run)]
            if not len(hit):
                continue
            end = np.searchsorted(run, low[hit] | _LOW, side="right")
            counts = np.minimum(end - begin[hit], left[hit])
            left[hit] -= counts
            queries.append(np.repeat(order[hit], counts))
            rows.append((run[_ranges(begin[hit], counts)] & _LOW).astype(np.int64))
        if not queries:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        query, row = np.concatenate(queries), np.concatenate(rows)
        by_query = np.lexsort((row, query))
        return query[by_query], row[by_query]


def _ranges(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers `starts[i], starts[i] + 1, ...`, `counts[i]` of them, for each i in turn."""
    behind = np.cumsum(counts)
    total = int(behind[-1]) if len(behind) else 0
    return np.arange(total) + np.repeat(starts - behind + counts, counts)

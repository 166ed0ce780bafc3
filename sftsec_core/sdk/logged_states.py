"""What a platform's log of verdicts says of each record, as digests: what changed shows cheaply.

A connector whose pull consists of parts (`PullsParts`) reads the log's state once a pull: for each
judged record a digest of all that the log says of it, and a number that grows with what is added.
A million records take about 24 MB and the length of their names.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DIGEST = 20


@dataclass(frozen=True, slots=True)
class LoggedState:
    """What the log says of one record.

    Attributes:
        uid: of the record.
        state: names all that the log says of it, verdicts and those taken back: another text where
            that changed.
        order: where the latest of it stands in the log; not negative. What is added has a larger
            one than all that was there, so that a change is near the end.
    """

    uid: str
    state: str
    order: int


@dataclass(frozen=True, slots=True)
class LoggedGroup:
    """Judged records that belong together; `digest` is of their names and states."""

    uids: tuple[str, ...]
    digest: str


class LoggedStates:
    """The states of all records that a log names."""

    def __init__(self, states: Iterable[LoggedState]) -> None:
        """Read them all; each record's may come only once."""
        hashes, digests, orders = array("Q"), array("Q"), array("q")
        self._names, ends = bytearray(), array("q", [0])
        for each in states:
            hashes.append(hashed(each.uid))
            digests.append(hashed(each.state))
            orders.append(each.order)
            self._names += each.uid.encode("utf-8", "surrogatepass")
            ends.append(len(self._names))
        found = np.array(hashes, np.uint64)
        self._by_hash = np.argsort(found, kind="stable")
        self._hashes = found[self._by_hash]
        self._states = np.array(digests, np.uint64)
        self._orders = np.array(orders, np.int64)
        self._ends = ends

    def said_of(self, uids: NDArray[np.uint64]) -> str:
        """A digest of what the log says of some records, given as sorted hashes (`hashed`)."""
        places = self._by_hash[np.isin(self._hashes, uids)]
        return _digest_of(self._hashes[np.isin(self._hashes, uids)], self._states[places])

    def groups(self, most: int) -> Iterator[LoggedGroup]:
        """Part the records by their order, so that what is added changes the last groups only.

        Args:
            most: how many a group has; more only where all of them have one order.
        """
        by_order = np.lexsort((self._states, self._orders))
        orders = self._orders[by_order]
        end = 1 << int(orders[-1]).bit_length() if len(orders) else 0
        for first, last in _halved(orders, (0, len(orders)), (0, end), most):
            yield self._group(by_order[first:last])

    def _group(self, places: NDArray[np.int64]) -> LoggedGroup:
        named = sorted((self._name(int(place)), int(place)) for place in places)
        own = np.array([place for _, place in named], np.int64)
        uids = tuple(name for name, _ in named)
        hashes = np.array([hashed(uid) for uid in uids], np.uint64)
        return LoggedGroup(uids, _digest_of(hashes, self._states[own]))

    def _name(self, place: int) -> str:
        raw = self._names[self._ends[place] : self._ends[place + 1]]
        return raw.decode("utf-8", "surrogatepass")


def _halved(
    orders: NDArray[np.int64], rows: tuple[int, int], span: tuple[int, int], most: int
) -> Iterator[tuple[int, int]]:
    """Halve a span of orders, a power of two wide, until few enough rows lie in it."""
    (first, last), (start, end) = rows, span
    if first == last:
        return
    if last - first <= most or end - start <= 1:
        yield first, last
        return
    middle = (start + end) // 2
    cut = first + int(np.searchsorted(orders[first:last], middle))
    yield from _halved(orders, (first, cut), (start, middle), most)
    yield from _halved(orders, (cut, last), (middle, end), most)


def hashes_of(uids: Sequence[str]) -> NDArray[np.uint64]:
    """The hashes of some records' names, sorted, each once: what `LoggedStates.said_of` takes."""
    return np.unique(np.array([hashed(uid) for uid in uids], np.uint64))


def hashed(text: str) -> int:
    """A hash of 64 bits, the same in every process."""
    raw = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "little")


def _digest_of(*columns: NDArray[np.uint64]) -> str:
    digest = hashlib.blake2b(digest_size=_DIGEST)
    for column in columns:
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()

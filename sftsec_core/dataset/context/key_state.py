"""What is known of one key: when it was first and last seen, and rings of buckets for its windows.

A window is divided into 60 buckets at fixed times, as in a ring of counters (Datar et al. 2002
bound the error of such histograms by the bucket): it reaches back between 59 and 60 sixtieths of
its length. What is kept is bounded, whatever the number of events: 61 buckets a window, 1,000
distinct values a field, and of a sequence twice as many texts as it is long.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter

BUCKETS = 60
MOST_DISTINCT = 1_000
_HEAD = struct.Struct("<qq")
_LENGTH = struct.Struct("<H")
_TEXT = struct.Struct("<qH")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a key's state is laid out, the same for all keys of a task.

    Attributes:
        buckets: the length of a bucket of each window, in microseconds.
        windows: the length of each window, in microseconds.
        numbers: how many fields' numbers are added up.
        distinct: how many fields' distinct values are counted.
        last: how many events a sequence has, at most; 0 where none is kept.
    """

    buckets: tuple[int, ...]
    windows: tuple[int, ...]
    numbers: int
    distinct: int
    last: int = 0


class Ring:
    """Counts, and sums with squares, in the buckets of one window; empty buckets are not held."""

    __slots__ = ("columns", "places")

    def __init__(self, numbers: int) -> None:
        """Start empty: a column of counts, and three a number: how many, sum, sum of squares."""
        self.places: list[int] = []
        self.columns: list[list[float]] = [[] for _ in range(1 + 3 * numbers)]

    def add(self, place: int, numbers: Sequence[float | None]) -> None:
        """Count an event in a bucket; one older than the newest bucket's window is past."""
        if self.places and place <= self.places[-1] - BUCKETS:
            return
        index = self._bucket(place)
        self.columns[0][index] += 1
        for field, number in enumerate(numbers):
            if number is not None:
                columns = self.columns[1 + 3 * field : 4 + 3 * field]
                for column, value in zip(columns, (1, number, number * number), strict=True):
                    column[index] += value

    def _bucket(self, place: int) -> int:
        """Where the columns have a bucket; one that is newer than all closes those it outlives."""
        places = self.places
        index = bisect_right(places, place)
        if index and places[index - 1] == place:
            return index - 1
        places.insert(index, place)
        for column in self.columns:
            column.insert(index, 0)
        if gone := bisect_right(places, places[-1] - BUCKETS):
            del places[:gone]
            for column in self.columns:
                del column[:gone]
        return index - gone

    def totals(self, place: int) -> list[float]:
        """What each column adds up to in the window that ends in a bucket."""
        start = bisect_right(self.places, place - BUCKETS)
        stop = bisect_right(self.places, place)
        counts, *numbers = self.columns
        # Correctly rounded: the result depends on no order.
        return [sum(counts[start:stop]), *(math.fsum(column[start:stop]) for column in numbers)]


class KeyState:
    """The state of one key; `pack` and `unpack` keep it to the bit."""

    __slots__ = ("distinct", "first", "last", "recent", "rings")

    def __init__(self, shape: Shape) -> None:
        """Start empty."""
        self.first: int | None = None
        self.last = 0
        self.rings = [Ring(shape.numbers) for _ in shape.windows]
        self.distinct: list[dict[int, int]] = [{} for _ in range(shape.distinct)]
        self.recent: list[tuple[int, str]] = []  # times and texts of the sequence, ascending

    def add(
        self,
        at: int,
        shape: Shape,
        numbers: Sequence[float | None],
        values: Sequence[int | None],
    ) -> None:
        """Count an event; one that comes late counts at its own time."""
        self._see(at)
        for ring, length in zip(self.rings, shape.buckets, strict=True):
            ring.add(at // length, numbers)
        for field, value in enumerate(values):
            if value is not None:
                self._tell_apart(field, value, at)

    def _tell_apart(self, field: int, value: int, at: int) -> None:
        """Keep when a value was last seen; the values stay in the order of these times."""
        known = self.distinct[field]
        known[value] = max(known.pop(value, at), at)
        if at < self.last:
            known = self.distinct[field] = dict(sorted(known.items(), key=itemgetter(1)))
        if len(known) > MOST_DISTINCT:
            del known[next(iter(known))]

    def remember(self, at: int, text: str, most: int) -> None:
        """Put an event's text into the sequence; one that comes late goes to its own place.

        Kept are the last `most` before the newest time and the last `most` of that time: what an
        event reads then depends on no order in which those of one time came.
        """
        self._see(at)
        if text:
            insort(self.recent, (at, text))
            newest = bisect_left(self.recent, (self.recent[-1][0], ""))
            self.recent = self.recent[max(0, newest - most) : newest] + self.recent[newest:][-most:]

    def texts_before(self, at: int, most: int) -> tuple[str, ...]:
        """The last texts of the sequence whose time is before another, the newest last."""
        end = bisect_left(self.recent, (at, ""))
        return tuple(text for _, text in self.recent[max(0, end - most) : end])

    def _see(self, at: int) -> None:
        self.last = at if self.first is None else max(self.last, at)
        self.first = at if self.first is None else min(self.first, at)

    def distinct_since(self, field: int, after: int, until: int) -> int:
        """How many values of a field were last seen after a time, and not after another."""
        count = 0
        for at in reversed(self.distinct[field].values()):
            if at <= after:
                break
            count += at <= until
        return count

    def pack(self) -> bytes:
        """The state as bytes, little-endian: times, rings, distinct values, then texts."""
        parts = [_HEAD.pack(self.first or 0, self.last)]
        for ring in self.rings:
            size = len(ring.places)
            parts += [_LENGTH.pack(size), struct.pack(f"<{size}q", *ring.places)]
            for number, column in enumerate(ring.columns):
                parts.append(struct.pack(f"<{size}{_code(number)}", *column))
        for known in self.distinct:
            parts.append(_LENGTH.pack(len(known)))
            parts.append(struct.pack("<" + "Qq" * len(known), *chain.from_iterable(known.items())))
        for at, text in self.recent:
            raw = text.encode()
            parts.append(_TEXT.pack(at, len(raw)) + raw)
        return b"".join(parts)

    @classmethod
    def unpack(cls, raw: bytes, shape: Shape) -> KeyState:
        """Read what `pack` wrote under the same shape.

        Raises:
            ValueError: when the bytes are something else.
        """
        state = cls(shape)
        reader = _Reader(raw)
        try:
            state.first, state.last = reader.take("qq")
            for ring in state.rings:
                (size,) = reader.take("H")
                ring.places = list(reader.take(f"{size}q"))
                ring.columns = [
                    list(reader.take(f"{size}{_code(number)}"))
                    for number in range(len(ring.columns))
                ]
            for field in range(shape.distinct):
                (size,) = reader.take("H")
                flat = reader.take("Qq" * size)
                state.distinct[field] = dict(zip(flat[::2], flat[1::2], strict=True))
            while shape.last and reader.place < len(raw):
                at, size = reader.take("qH")
                state.recent.append((at, reader.text(size)))
        except (struct.error, UnicodeDecodeError) as error:
            raise ValueError(f"the state of a key is damaged: {error}") from error
        if reader.place != len(raw):
            raise ValueError("the state of a key is of another shape")
        return state


def _code(column: int) -> str:
    """Counts are whole numbers; of a number its count is, its sums are not."""
    return "I" if column == 0 or column % 3 == 1 else "d"


class _Reader:
    """Takes values from bytes, one form after the other."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.place = 0

    def take(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(f"<{form}", self._raw, self.place)
        self.place += struct.calcsize(f"<{form}")
        return found

    def text(self, size: int) -> str:
        (found,) = struct.unpack_from(f"<{size}s", self._raw, self.place)
        self.place += size
        return bytes(found).decode()

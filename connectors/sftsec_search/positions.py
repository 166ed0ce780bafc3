"""A place in the order in which documents are read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

LONG_MAX = (1 << 63) - 1  # where documents without the date stand
_NS_PER_MS = 10**6
_LEAST_NS = 10**16  # of 1970-04-26; in milliseconds it would be the year 318857


@dataclass(frozen=True, slots=True)
class SearchPosition:
    """Right after a document, or before all where `after` is empty.

    A source whose documents say when they arrived is read in two orders: those documents by their
    arrival, the others by their time. Its position is one in each.

    Attributes:
        after: the document's sort values: the time, then the engine's tie-breakers. In the index
            of verdicts: the index and the `_id` of the judged document.
        seen: uids of the documents after which only an unstable tie-breaker orders: another point
            in time begins before them again.
        nanos: whether the time is in nanoseconds since 1970, rather than milliseconds.
        arrived: the position in the order of arrivals; None: all documents were read by their
            time.
        handover: where `arrived` began after others were read by their time, the time and the
            arrival up to which they were: milliseconds since 1970. The time is None where all
            that have one were read.
    """

    after: tuple[Any, ...] = ()
    seen: tuple[str, ...] = ()
    nanos: bool = False
    arrived: SearchPosition | None = None
    handover: tuple[int | None, int] | None = None

    @property
    def ms(self) -> int | None:
        """The time where it stands, in milliseconds since 1970; None after all that have one."""
        time = self.after[0]
        if not isinstance(time, int) or time == LONG_MAX:
            return None
        return time // _NS_PER_MS if self.nanos or time >= _LEAST_NS else time

    def in_unit(self, *, nanos: bool) -> SearchPosition:
        """Return the position with its time in nanoseconds, or in milliseconds.

        An index of the other type may have been added to a pattern since, or taken away.
        """
        time, *ties = self.after
        if self.ms is None or nanos == self.nanos:
            return self
        if self.nanos:
            time //= _NS_PER_MS
        elif time < _LEAST_NS:  # a larger one is of a version that did not say the unit
            time *= _NS_PER_MS
        return replace(self, after=(time, *ties), nanos=nanos)

    def to_json(self) -> list[Any]:
        """Return the position as a JSON value."""
        value = [self.after, self.seen]
        if self.arrived is None and not self.nanos:
            return value
        arrived = None if self.arrived is None else self.arrived.to_json()
        return [*value, self.nanos, arrived, self.handover]

    @classmethod
    def from_json(cls, value: Any) -> SearchPosition:  # noqa: ANN401 - JSON
        """Read what `to_json` returned, of this version or of one that knew no arrivals."""
        after, seen, *more = value
        if not more:
            return cls(tuple(after), tuple(seen))
        nanos, arrived, handover = more
        return cls(
            tuple(after),
            tuple(seen),
            bool(nanos),
            None if arrived is None else cls.from_json(arrived),
            None if handover is None else (handover[0], int(handover[1])),
        )

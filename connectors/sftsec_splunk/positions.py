"""A place in the order in which events are read."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

DIGEST_DIGITS = 8  # a finding that comes late has another's digest once in millions
# Tell a place in the order of index times, and one of findings, from others.
_INDEXED, _SEEN = "indexed", "seen"


@dataclass(frozen=True, slots=True)
class EventFloor:
    """Up to where events had been read in the order of their own times, before another order.

    Attributes:
        ms: the last event's own time, milliseconds since 1970.
        key: of that event.
        until: the index time, milliseconds since 1970, from which on no event had been read,
            however old it is; None: none is known.
    """

    ms: int
    key: str
    until: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class SplunkPosition:
    """Right after an event.

    Attributes:
        ms: the event's time, milliseconds since 1970; 0 where the order is not one of times.
        key: orders events of one time; of the app's verdicts, the incident's uid.
        indexed: whether `ms` is the time at which Splunk indexed the event, not its own.
        floor: what was read before the order was that of index times.
        seen: digests of the findings that were read, of the last time before this place, each of
            `DIGEST_DIGITS` hexadecimal digits; None where they are not known.
    """

    ms: int
    key: str
    indexed: bool = False
    floor: EventFloor | None = field(default=None, compare=False)
    seen: tuple[str, ...] | None = field(default=None, compare=False)

    def to_json(self) -> list[Any]:
        """Return the position as a JSON value."""
        if self.seen is not None:
            packed = bytes.fromhex("".join(self.seen))
            return [self.ms, self.key, _SEEN, base64.b64encode(packed).decode()]
        if not self.indexed:
            return [self.ms, self.key]
        floor = self.floor
        known = [] if floor is None else [[floor.ms, floor.key, floor.until]]
        return [self.ms, self.key, _INDEXED, *known]

    @classmethod
    def from_json(cls, value: Any) -> SplunkPosition:  # noqa: ANN401 - JSON
        """Read what `to_json` returned."""
        ms, key, *more = value
        if not more:
            return cls(int(ms), str(key))
        mark, *floors = more
        if mark == _SEEN:
            [packed] = floors
            digits = base64.b64decode(packed, validate=True).hex()
            places = range(0, len(digits), DIGEST_DIGITS)
            seen = tuple(digits[place : place + DIGEST_DIGITS] for place in places)
            return cls(int(ms), str(key), seen=seen)
        if mark != _INDEXED or len(floors) > 1:
            raise ValueError("not a position")
        return cls(int(ms), str(key), True, _floor(*floors[0]) if floors else None)


def _floor(ms: Any, key: Any, until: Any) -> EventFloor:  # noqa: ANN401 - JSON
    return EventFloor(int(ms), str(key), None if until is None else int(until))

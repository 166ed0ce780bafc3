"""A place in the order in which events are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class SplunkPosition:
    """Right after an event.

    Attributes:
        ms: the event's time, milliseconds since 1970; 0 where the order is not one of times.
        key: orders events of one millisecond; of the app's verdicts, the incident's uid.
    """

    ms: int
    key: str

    def to_json(self) -> list[Any]:
        """Return the position as a JSON value."""
        return [self.ms, self.key]

    @classmethod
    def from_json(cls, value: Any) -> SplunkPosition:  # noqa: ANN401 - JSON
        """Read what `to_json` returned."""
        ms, key = value
        return cls(int(ms), str(key))

"""Where a pull stands: for each source the place right behind its last event."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import orjson

from sftsec_splunk.errors import CursorError

_VERSION = 1


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Right behind an event.

    Attributes:
        ms: the event's time, milliseconds since 1970; 0 where the order is not one of times.
        key: parts events of one millisecond; of the app's verdicts, the incident's uid.
    """

    ms: int
    key: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """The positions in all sources; one that is missing has not been begun."""

    positions: dict[str, Position] = field(default_factory=dict)

    def moved(self, source: str, position: Position) -> Cursor:
        """The cursor with one source's position moved."""
        return Cursor({**self.positions, source: position})

    def encode(self) -> str:
        """Write the cursor as an opaque word."""
        said = {name: [each.ms, each.key] for name, each in self.positions.items()}
        return base64.urlsafe_b64encode(orjson.dumps([_VERSION, said])).decode()

    @classmethod
    def decode(cls, word: str | None) -> Cursor:
        """Read what `encode` wrote; None begins at the start.

        Raises:
            CursorError: when it is not such a word.
        """
        if word is None:
            return cls()
        try:
            version, said = orjson.loads(base64.urlsafe_b64decode(word))
            positions = {name: Position(int(ms), str(key)) for name, (ms, key) in said.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise CursorError("the cursor is not one of the Splunk connector's") from error
        if version != _VERSION:
            raise CursorError("the cursor is of another version of sftsec: begin at the start")
        return cls(positions)

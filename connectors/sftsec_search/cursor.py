"""Where a pull stands: for each source the sort values of its last document."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import orjson

from sftsec_search.errors import CursorError

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Position:
    """Right behind a document.

    Attributes:
        after: the document's sort values: the time, then the engine's tie-breakers.
        seen: uids of the documents behind which nothing but an unstable tie-breaker stands:
            another point in time begins before them again.
    """

    after: tuple[Any, ...]
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cursor:
    """The positions in all sources; one that is missing has not been begun."""

    positions: dict[str, Position] = field(default_factory=dict)

    def moved(self, source: str, position: Position) -> Cursor:
        """The cursor with one source's position moved."""
        return Cursor({**self.positions, source: position})

    def encode(self) -> str:
        """Write the cursor as an opaque word."""
        said = {name: [each.after, each.seen] for name, each in self.positions.items()}
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
            positions = {
                n: Position(tuple(after), tuple(seen)) for n, (after, seen) in said.items()
            }
        except (ValueError, TypeError, AttributeError) as error:
            raise CursorError("the cursor is not one of a search engine's connector") from error
        if version != _VERSION:
            raise CursorError("the cursor is of another version of sftsec: begin at the start")
        return cls(positions)

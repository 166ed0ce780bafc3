"""A place in the order in which documents are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SearchPosition:
    """Right after a document.

    Attributes:
        after: the document's sort values: the time, then the engine's tie-breakers. In the index
            of verdicts: the index and the `_id` of the judged document.
        seen: uids of the documents after which only an unstable tie-breaker orders: another point
            in time begins before them again.
    """

    after: tuple[Any, ...]
    seen: tuple[str, ...] = ()

    def to_json(self) -> list[Any]:
        """Return the position as a JSON value."""
        return [self.after, self.seen]

    @classmethod
    def from_json(cls, value: Any) -> SearchPosition:  # noqa: ANN401 - JSON
        """Read what `to_json` returned."""
        after, seen = value
        return cls(tuple(after), tuple(seen))

"""Where a pull stands: for each source the position after its last record."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar

import orjson

from sftsec_core.sdk.errors import CursorError

_VERSION = 1


class Position(Protocol):
    """A place in the total order of one source; each connector has its own."""

    def to_json(self) -> list[Any]:
        """Return the position as a JSON value."""
        ...

    @classmethod
    def from_json(cls, value: Any) -> Self:  # noqa: ANN401 - JSON
        """Read what `to_json` returned.

        Raises:
            ValueError, TypeError: when it is not such a value.
        """
        ...


PositionT = TypeVar("PositionT", bound=Position)


@dataclass(frozen=True, slots=True)
class PullCursor(Generic[PositionT]):
    """The positions in all sources; a source without one has not been started."""

    positions: Mapping[str, PositionT] = field(default_factory=dict)

    def moved(self, source: str, position: PositionT) -> PullCursor[PositionT]:
        """Return the cursor with one source's position moved."""
        return PullCursor({**self.positions, source: position})

    def encode(self) -> str:
        """Return the cursor as an opaque string."""
        values = {name: each.to_json() for name, each in self.positions.items()}
        return base64.urlsafe_b64encode(orjson.dumps([_VERSION, values])).decode()

    @classmethod
    def decode(cls, encoded: str | None, position: type[PositionT]) -> PullCursor[PositionT]:
        """Read what `encode` returned; None starts at the beginning.

        Args:
            encoded: the opaque string.
            position: the connector's class of positions.

        Raises:
            CursorError: when it is not such a string.
        """
        if encoded is None:
            return cls()
        try:
            version, values = orjson.loads(base64.urlsafe_b64decode(encoded))
            positions = {name: position.from_json(each) for name, each in values.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise CursorError("the cursor is not one of this connector's") from error
        if version != _VERSION:
            raise CursorError("the cursor is from another version of sftsec: pull from the start")
        return cls(positions)

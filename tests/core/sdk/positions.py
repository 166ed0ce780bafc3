"""The simplest position: a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NumberPosition:
    """Right after the record of this number."""

    number: int

    def to_json(self) -> list[Any]:
        return [self.number]

    @classmethod
    def from_json(cls, value: Any) -> NumberPosition:
        [number] = value
        return cls(int(number))

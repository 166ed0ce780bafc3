"""What a sample says of each field: how full, how varied, how long, and what its values are."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.config.suggest.words import plain
from sftsec_core.sdk.fields import find_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEPT_VALUES = 400
_EMPTY: tuple[object, ...] = (None, "", [], {})
_ITEMS, _PATHS = 3, 100  # of a list that are looked at, and paths into lists of a record
_MANY = 100_000
_IDENTIFIER = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16,128}|[\w.:#/-]*\d[\w.:#/-]*", re.I
)
_ADDRESS = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|[^@\s]+@[^@\s]+\.[^@\s]+|[0-9a-f:]{6,39}", re.I
)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.I)


@dataclass(slots=True)
class Column:
    """One field of a sample.

    Attributes:
        name: dotted.
        rows: records of the sample.
        filled: records in which it has a value.
        values: how often each value occurs, as text; up to `_MANY` of them.
        kept: the first values, as they are.
        nested: records in which it is a list.
        inside: whether it is a path into a list of objects, whose values a text may have.
        places: a bit a record of the sample, set where it has a value; the first record is bit 0.
    """

    name: str
    rows: int = 0
    filled: int = 0
    values: Counter[str] = field(default_factory=Counter)
    kept: list[Any] = field(default_factory=list)
    nested: int = 0
    inside: bool = False
    places: bytearray = field(default_factory=bytearray, repr=False)

    def add(self, value: object, place: int) -> None:
        """Count the value of the record at a place."""
        self.filled += 1
        byte = place >> 3
        if byte >= len(self.places):
            self.places.extend(bytes(byte + 1 - len(self.places)))
        self.places[byte] |= 1 << (place & 7)
        if isinstance(value, list):
            self.nested += 1
        if len(self.kept) < KEPT_VALUES:
            self.kept.append(value)
        if len(self.values) < _MANY:
            self.values[value_text(value)] += 1

    @property
    def words(self) -> str:
        """The name as plain words: "Alert ID" and "alertId" are "alert id"."""
        return plain(self.name)

    @property
    def distinct(self) -> int:
        """How many different values it has."""
        return len(self.values)

    @property
    def fill(self) -> float:
        """The fraction of the records in which it has a value."""
        return self.filled / self.rows if self.rows else 0.0

    @property
    def is_unique(self) -> bool:
        """Whether no value occurs twice and none is missing."""
        return self.distinct == self.filled == self.rows > 1

    @property
    def mean_length(self) -> float:
        """Characters a value, on average; of a path into a list, a value of each object."""
        texts = self._parts()
        return sum(map(len, texts)) / len(texts) if texts else 0.0

    @property
    def mean_words(self) -> float:
        """Words a value, on average; of a path into a list, a value of each object."""
        texts = self._parts()
        return sum(len(text.split()) for text in texts) / len(texts) if texts else 0.0

    def part(self, pattern: re.Pattern[str]) -> float:
        """The fraction of its values that a pattern matches whole, 0 to 1."""
        texts = self._texts()
        return sum(bool(pattern.fullmatch(text)) for text in texts) / len(texts) if texts else 0.0

    @property
    def is_number(self) -> bool:
        """Whether every value is a number."""
        return self.filled > 0 and self.part(_NUMBER) == 1.0

    @property
    def is_identifier(self) -> bool:
        """Whether nearly every value is one word with a digit in it, or an address."""
        return max(self.part(_IDENTIFIER), self.part(_ADDRESS)) > 0.9

    def _parts(self) -> list[str]:
        texts = self._texts()
        return [line for text in texts for line in text.splitlines()] if self.inside else texts

    def _texts(self) -> list[str]:
        return [value_text(value).strip() for value in self.kept]


@dataclass(frozen=True, slots=True)
class Profile:
    """All fields of a sample, in the order in which they came."""

    rows: int
    columns: Mapping[str, Column]

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]]) -> Profile:
        """Profile records, each a mapping of dotted names to JSON values."""
        columns: dict[str, Column] = {}
        rows = 0
        for record in records:
            inside = {path: find_value(record, path) for path in _paths_inside(record)}
            for name, value in (*record.items(), *inside.items()):
                if value not in _EMPTY:
                    if name not in columns:
                        columns[name] = Column(name, inside=name in inside)
                    columns[name].add(value, rows)
            rows += 1
        for column in columns.values():
            column.rows = rows
        return cls(rows, columns)


def _paths_inside(record: Mapping[str, Any]) -> Iterable[str]:
    """Paths to the values of objects in lists: `alerts.title`."""
    found: dict[str, None] = {}
    for name, value in record.items():
        for item in value[:_ITEMS] if isinstance(value, list) else ():
            if isinstance(item, dict) and len(found) < _PATHS:
                found |= dict.fromkeys(f"{name}.{key}" for key in _keys(item))
    return [path for path in found if path not in record]


def _keys(item: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for key, value in item.items():
        if isinstance(value, dict) and not prefix:
            yield from _keys(value, f"{key}.")
        elif isinstance(value, str | int | float):
            yield f"{prefix}{key}"


def covered(columns: Iterable[Column]) -> int:
    """In how many records one of the fields has a value."""
    return _union(columns).bit_count()


def newly_covered(column: Column, others: Iterable[Column]) -> int:
    """In how many records a field has a value and none of the others has."""
    return (int.from_bytes(column.places, "little") & ~_union(others)).bit_count()


def _union(columns: Iterable[Column]) -> int:
    found = 0
    for column in columns:
        found |= int.from_bytes(column.places, "little")
    return found


def value_text(value: object) -> str:
    """A value as the text that a verdict or an id of it would be."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    return str(value)

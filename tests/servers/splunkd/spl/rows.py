"""A row of a search: its fields, and those that an event would still give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from tests.servers.splunkd.events import Event

Cell = str | int | float | list[str]
SERVER = "splunk-double"
GUID = "5D0B1E00-0000-4000-8000-000000000001"


class Row:
    """Fields by name.

    As in Splunk, an event's own fields are found when something asks for them: a search that
    names none gives `_raw` and the default fields alone.
    """

    __slots__ = ("_event", "_gone", "values")

    def __init__(self, values: dict[str, Cell] | None = None, event: Event | None = None) -> None:
        self.values: dict[str, Cell] = {} if values is None else values
        self._event = event
        self._gone: frozenset[str] = frozenset()

    @classmethod
    def of(cls, event: Event) -> Row:
        origin = event.origin
        return cls(
            {
                "_bkt": f"{origin.index}~0~{GUID}",
                "_cd": f"0:{event.serial}",
                "_indextime": str(int(event.indexed_at)),
                "_raw": event.raw,
                "_si": [SERVER, origin.index],
                "_sourcetype": origin.sourcetype,
                "_time": event.time,
                "host": origin.host,
                "index": origin.index,
                "linecount": str(event.raw.count("\n") + 1),
                "source": origin.source,
                "sourcetype": origin.sourcetype,
                "splunk_server": SERVER,
            },
            event,
        )

    def get(self, name: str) -> Cell | None:
        found = self.values.get(name)
        if found is None and self._event is not None and name not in self._gone:
            found = self._event.extracted.get(name)
            if found is not None:
                self.values[name] = found
        return found

    def set(self, name: str, value: Cell | None) -> None:
        if value is None or value == []:
            self.drop(name)
        else:
            self.values[name] = value

    def drop(self, name: str) -> None:
        self.values.pop(name, None)
        if self._event is not None:
            self._gone |= {name}

    def copy(self) -> Row:
        twin = Row(dict(self.values), self._event)
        twin._gone = self._gone
        return twin

    def names(self) -> list[str]:
        """Every name, the event's own fields too."""
        if self._event is None:
            return list(self.values)
        hidden = [name for name in self._event.extracted if name not in self._gone]
        return list(dict.fromkeys([*self.values, *hidden]))

    def keep(self, patterns: Iterable[str], *, internal: bool) -> Row:
        """Only the fields that one of the patterns names, in the patterns' order."""
        names = self.names()
        wanted = [name for pattern in patterns for name in matching(pattern, names)]
        if internal:
            wanted += [name for name in self.values if name.startswith("_")]
        kept = {name: self.get(name) for name in dict.fromkeys(wanted)}
        return Row({name: value for name, value in kept.items() if value is not None})

    def without(self, patterns: Iterable[str]) -> Row:
        left = self.copy()
        names = self.names()
        for pattern in patterns:
            for name in matching(pattern, names):
                left.drop(name)
        return left


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """Names that a pattern with stars names; `*` does not reach internal ones."""
    if "*" not in pattern:
        return [pattern]
    wild = wildcard(pattern)
    found = [name for name in names if wild.fullmatch(name)]
    return found if pattern.startswith("_") else [n for n in found if not n.startswith("_")]


@lru_cache(maxsize=4096)
def wildcard(pattern: str, *, fold: bool = False) -> re.Pattern[str]:
    flags = re.DOTALL | (re.IGNORECASE if fold else 0)
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), flags)


def texts(value: Cell | None) -> list[str]:
    """A cell's values as text; none for a cell that is not there."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [text_of(value)]


def text_of(value: Cell) -> str:
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    return str(value)


def number(value: object) -> float | int | None:
    """A number, or text that is one; None otherwise."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, list):
        return number(value[0]) if len(value) == 1 else None
    return _parsed(value) if isinstance(value, str) else None


_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*")


def _parsed(text: str) -> float | int | None:
    if not _NUMBER.fullmatch(text):
        return None
    return int(text) if text.strip().lstrip("+-").isdigit() else float(text)


def each(rows: Iterable[Row]) -> Iterator[Row]:
    yield from rows

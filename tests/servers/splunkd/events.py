"""Indexed events, and the fields that a search finds in them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import Any

_PAIR = re.compile(r'(?<![\w.])([A-Za-z_][\w.:-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s,;|"\']+))')
_ESCAPED = re.compile(r'\\(["\\])')
Fields = dict[str, str | list[str]]


@dataclass(slots=True, frozen=True)
class Origin:
    """Where an event comes from."""

    index: str = "main"
    host: str = "localhost"
    source: str = "test"
    sourcetype: str = "test"


@dataclass
class Event:
    """One indexed event.

    Attributes:
        time: epoch seconds.
        indexed: what came beside the event as indexed fields.
        serial: its place in the order of indexing.
    """

    raw: str
    time: float
    origin: Origin
    indexed: Fields
    serial: int
    indexed_at: float

    @cached_property
    def extracted(self) -> Fields:
        """The fields of the text: those of a JSON object, or else `name=value` pairs."""
        found = _of_json(self.raw) if self.raw.lstrip().startswith("{") else None
        return {**(_of_pairs(self.raw) if found is None else found), **self.indexed}


def _of_json(raw: str) -> Fields | None:
    try:
        document = json.loads(raw)
    except ValueError:
        return None
    found: Fields = {}
    flatten("", document, found)
    return found


def flatten(name: str, value: Any, found: Fields) -> None:
    """JSON's members as Splunk names them: `a.b`, and `a{}` for the members of a list."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            flatten(f"{name}.{key}" if name else key, member, found)
    elif isinstance(value, list):
        for member in value:
            flatten(f"{name}{{}}", member, found)
    else:
        text = value if isinstance(value, str) else json.dumps(value)
        known = found.get(name)
        if known is None:
            found[name] = text
        else:
            found[name] = [*(known if isinstance(known, list) else [known]), text]


def _of_pairs(raw: str) -> Fields:
    found: Fields = {}
    for name, quoted, bare in _PAIR.findall(raw):
        # CLEAN_KEYS: what is no letter, digit or underscore becomes an underscore.
        found.setdefault(re.sub(r"\W", "_", name), _ESCAPED.sub(r"\1", quoted) or bare)
    return found


@dataclass(frozen=True)
class Between:
    """From each `earliest` up to, and without, each `latest`, in epoch seconds."""

    earliest: float = 0
    latest: float = math.inf
    index_earliest: float = 0
    index_latest: float = math.inf

    def holds(self, event: Event) -> bool:
        """Index times are whole seconds."""
        indexed = int(event.indexed_at)
        return (
            self.earliest <= event.time < self.latest
            and self.index_earliest <= indexed < self.index_latest
        )


@dataclass
class EventStore:
    """All indexes' events, in the order of their indexing."""

    by_index: dict[str, list[Event]] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)
    _serial: int = 0

    def add(
        self,
        raw: str,
        *,
        time: float,
        origin: Origin,
        now: float,
        indexed: Mapping[str, str | list[str]] | None = None,
    ) -> Event:
        with self.lock:
            self._serial += 1
            event = Event(raw, time, origin, dict(indexed or {}), self._serial, now)
            self.by_index.setdefault(origin.index, []).append(event)
        return event

    def newest_first(self, indexes: list[str], between: Between) -> list[Event]:
        """The events of some indexes in a span of both times."""
        with self.lock:
            found = [
                event
                for index in indexes
                for event in self.by_index.get(index, ())
                if between.holds(event)
            ]
        found.sort(key=lambda event: (event.time, event.serial), reverse=True)
        return found

    def of(self, index: str) -> list[Event]:
        with self.lock:
            return list(self.by_index.get(index, ()))

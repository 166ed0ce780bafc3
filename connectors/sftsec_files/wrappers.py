"""What exports wrap around each record: `{"result": {...}}`, `{"_source": {...}, "_id": ...}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.records import UnusableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sftsec_files.config import FilesConfig

_WRAPPERS = {"_source", "result", "event"}
# What stands beside the record in Elasticsearch's hits and in the lines of Splunk's export.
_BESIDE_SOURCE = frozenset({"_source", "sort", "fields", "highlight", "inner_hits", "found"})
_BESIDE_RESULT = frozenset({"result", "preview", "offset", "lastrow", "init_offset", "highlighted"})
_EVENT = frozenset({"event", "time", "host", "source", "sourcetype", "index", "fields"})
_ACTIONS = ("index", "create")  # of Elasticsearch's bulk format: a line before each document
_DEEPEST = 3


class Unwrapper:
    """Takes records out of what wraps them."""

    def __init__(self, config: FilesConfig, needed: Iterable[str], *, by_path: bool) -> None:
        """Prepare for one file.

        Args:
            config: `records`, and whether `id` is set.
            needed: dotted fields of a record: an object with one of them wraps nothing.
            by_path: whether `records` leads to each record; else they are found by looking.
        """
        self._path = config.records.split(".") if by_path and config.records else []
        self._records = config.records
        # A hit's own names stand beside its record, and are the record's once it is taken out.
        self._roots = {name.partition(".")[0] for name in needed} - {"_id", "_index"}
        self._timestamp = config.timestamp
        self._names_hits = "id" not in config.model_fields_set

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return the record within.

        Raises:
            UnusableError: when `records` leads to no object.
        """
        for part in self._path:
            record = record.get(part)  # type: ignore[assignment]  # looked at in the next line
            if not isinstance(record, dict):
                raise UnusableError(f"no object at {self._records!r}, as `records` says")
        for _ in range(_DEEPEST):
            if len(record) > 1 and not record.keys() & _WRAPPERS:
                break
            inner = self._inner(record)
            if inner is None:
                break
            record = inner
        return record

    def _inner(self, record: dict[str, Any]) -> dict[str, Any] | None:
        if self._is_collected(record):
            at = {self._timestamp: record["time"]} if "time" in record else {}
            return {**at, **record["event"]}
        if _roots(record) & self._roots:
            return None
        hit, result = record.get("_source"), record.get("result")
        if isinstance(hit, dict) and all(n in _BESIDE_SOURCE or n[:1] == "_" for n in record):
            return self._hit(record, hit)
        if isinstance(result, dict) and record.keys() <= _BESIDE_RESULT:
            return result
        only = next(iter(record.values()), None) if len(record) == 1 else None
        return only if isinstance(only, dict) and _roots(only) & self._roots else None

    def _is_collected(self, record: dict[str, Any]) -> bool:
        """Whether it is an event as Splunk's HTTP event collector takes it."""
        event = record.get("event")
        if not isinstance(event, dict) or not {"event"} < record.keys() <= _EVENT:
            return False
        nested = {key for key, value in record.items() if isinstance(value, dict)}
        asked = "event" not in self._roots and bool(_roots(event) & self._roots)
        return asked and nested <= {"event", "fields"}

    def _hit(self, hit: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
        """A document with its names; without an id of its own it has that of the connectors."""
        names = {key: hit[key] for key in ("_index", "_id") if isinstance(hit.get(key), str)}
        record = {**names, **record}
        if self._names_hits and "_id" in names:
            record.setdefault("id", "/".join(names.values()))
        return record


def bulk_action(value: dict[str, Any]) -> dict[str, Any] | None:
    """The names of the document in the next line, of a line of the bulk format; else None."""
    name, names = next(iter(value.items()), ("", None))
    if len(value) != 1 or name not in _ACTIONS or not isinstance(names, dict):
        return None
    return names if all(key[:1] == "_" for key in names) else None


def _roots(record: dict[str, Any]) -> set[str]:
    return {key.partition(".")[0] for key in record}

"""From a hit to a record: flat fields, identity, time, verdicts, and what it is about."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.domain import Incident, Rejection
from sftsec_core.sdk.fields import select_fields
from sftsec_core.sdk.records import (
    UnusableError,
    flatten,
    parse_time,
    refuse_long_values,
    single,
)
from sftsec_core.sdk.verdict_join import SourceRecord
from sftsec_search.own import ANCESTORS, OURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.domain import PullWindow
    from sftsec_core.sdk.renames import Renames
    from sftsec_search.config import SearchConfig
    from sftsec_search.sources import DocumentSource

# What a detection of ours says of its event, and what an alert copies of it.
SOURCE_INDEX = "sftsec.source.index"
SOURCE_ID = "sftsec.source.id"
SOURCE_FIELDS = "sftsec.source.fields"
SOURCE_TIME = "sftsec.source.timestamp"
INCIDENT = "sftsec.incident.uid"


def uid_of(index: str, document: str) -> str:
    """Name a document: `<concrete index>/<_id>`; an index has no slash in its name."""
    return f"{index}/{document}"


def place_of(uid: str) -> tuple[str, str]:
    """The index and the `_id` that a uid names.

    Raises:
        ValueError: when it names neither.
    """
    if not is_place(uid):
        raise ValueError(f"{uid!r} is not INDEX/ID")
    index, _, document = uid.partition("/")
    return index, document


def is_place(uid: str) -> bool:
    """Whether a uid names an index and an `_id`."""
    index, slash, document = uid.partition("/")
    return bool(slash and index and document)


class HitMapper:
    """Makes records of one source's hits, as the configuration and the window ask."""

    def __init__(
        self,
        config: SearchConfig,
        window: PullWindow,
        source: DocumentSource,
        renames: Renames | None = None,
        needed: Sequence[str] = (),
    ) -> None:
        """Prepare for one source.

        Args:
            config: the limits.
            window: `fields` limits the fields that are brought.
            source: where the verdicts are.
            renames: names of fields; by default the source's.
            needed: further fields to ask for.
        """
        self._config = config
        self._source = source
        self._wanted = window.fields
        self._needed = (*source.needed, *needed)
        self._renames = source.renames if renames is None else renames

    @property
    def includes(self) -> list[str] | None:
        """What to ask for of `_source`; None for all."""
        if not self._wanted:
            return None
        renamed, source = self._renames.all_there(), self._source
        told = (source.timestamp, *source.fields, OURS, ANCESTORS, *self._needed)
        return list(dict.fromkeys((*self._wanted, *renamed, *told)))

    def read(self, hit: Mapping[str, Any], *, own: bool = False) -> SourceRecord | Rejection:
        """Make a record of a hit, or say why it cannot be used.

        Args:
            hit: as it came.
            own: whether it is a detection of ours, or an alert of one.
        """
        uid = uid_of(hit["_index"], hit["_id"])
        record = hit.get("_source") or {}
        try:
            return self._record(uid, record, hit, own)
        except UnusableError as error:
            return Rejection(uid, str(error), _digest(record))

    def _record(
        self, uid: str, record: Mapping[str, Any], hit: Mapping[str, Any], own: bool
    ) -> SourceRecord:
        config, source = self._config, self._source
        flat = flatten(record, config.max_depth)
        refuse_long_values(flat, config.max_field_bytes)
        at = parse_time(_single(flat.get(source.timestamp)), source.timestamp, source.times)
        named = self._renames.apply(flat) if self._renames else flat
        incident = Incident(uid, self._fields(named), source.verdicts(flat), at)
        return SourceRecord(uid, _about(self._said(record)) if own else None, incident, hit)

    def _said(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """What we said in a document: what its seal is of, and no field of the event's beside."""
        return flatten({OURS: record.get(OURS) or {}}, self._config.max_depth)

    def _fields(self, flat: Mapping[str, Any]) -> dict[str, Any]:
        found = self._selected(flat)
        return {k: _plain(v) for k, v in found.items()} if self._source.single_values else found

    def _selected(self, flat: Mapping[str, Any]) -> dict[str, Any]:
        if self._wanted:
            return select_fields(flat, self._wanted, self._source.is_private)
        private = self._source.is_private
        return {k: v for k, v in flat.items() if v is not None and not private(k)}

    def carried(self, detection: SourceRecord) -> Incident:
        """Make the event of a detection from the detection's own copy of its fields and time."""
        flat = self._said(detection.raw.get("_source") or {})
        prefix = f"{SOURCE_FIELDS}."
        fields = {k.removeprefix(prefix): v for k, v in flat.items() if k.startswith(prefix)}
        try:
            at = parse_time(flat.get(SOURCE_TIME), SOURCE_TIME)
        except UnusableError:
            at = None  # another tool wrote it: the fields count all the same
        if self._wanted:
            fields = select_fields(fields, self._wanted, self._source.is_private)
        return Incident(detection.about or "", fields, detection.incident.verdicts, at)


def _plain(value: object) -> object:
    """The word or number in a list of one, which Kibana writes for one value."""
    one = single(value)
    return value if isinstance(one, list | dict) else one


def _single(value: object) -> object:
    # To the engines, an empty list is a missing field.
    return next(iter(value), None) if isinstance(value, list) else value


def _about(flat: Mapping[str, Any]) -> str | None:
    index, document = flat.get(SOURCE_INDEX), flat.get(SOURCE_ID)
    if isinstance(index, str) and isinstance(document, str) and index and document:
        return uid_of(index, document)
    return str(flat.get(INCIDENT) or "") or None  # an incident of another connector


def _digest(record: Mapping[str, Any]) -> str:
    try:
        raw = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return ""  # nested deeper than orjson goes
    return hashlib.sha256(raw).hexdigest()

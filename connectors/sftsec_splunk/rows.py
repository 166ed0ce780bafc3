"""From a row of a search to a record: fields, identity, time, and whether it is ours."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.domain import Incident, Rejection
from sftsec_core.sdk.fields import select_fields
from sftsec_core.sdk.portable import IDENTITY_FIELDS, finding_name, is_metadata, plain_name
from sftsec_core.sdk.records import (
    UnusableError,
    are_equal,
    parse_time,
    refuse_long_values,
)
from sftsec_core.sdk.renames import Renames
from sftsec_core.sdk.verdict_join import SourceRecord
from sftsec_splunk.order import UNPLACED_MS
from sftsec_splunk.times import SECONDS, SECONDS_OF_ANY_TIME, time_or_none

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_splunk.config import SplunkConfig
    from sftsec_splunk.own import OwnDetection
    from sftsec_splunk.searches import Row
    from sftsec_splunk.sources import EventSource

# What a detection says, and what Enterprise Security made of one; so may any other event.
DETECTION, ABOUT, ORIGINAL, ORIGINAL_TIME = "detection_id", "incident_uid", "orig_", "orig_time"
RAW = "sftsec_raw"  # the text of what may be a detection of ours
# Of the search that made a notable, not of the event.
_META = frozenset({"orig_time", "orig_raw", "orig_sid", "orig_rid"})


class RowReader:
    """Makes records of one source's rows, as the configuration and the window ask."""

    def __init__(self, config: SplunkConfig, wanted: tuple[str, ...], source: EventSource) -> None:
        """Prepare.

        Args:
            config: the limits.
            wanted: the fields to bring; empty for all.
            source: whose rows they are: its private fields, and those that have other names.
        """
        self._config = config
        self._wanted = wanted
        self._private = source.is_private
        self._renames = Renames(source.rename)
        self._time_field = source.time_field
        self._no_name = "it has no name that stays: give the source a `uid`"
        if source.uid_fields:
            named = ", ".join(map(repr, source.uid_fields))
            self._no_name = f"it has no name: {named} is empty, or has several values"

    def read(self, row: Row, own: OwnDetection | None = None) -> SourceRecord | Rejection:
        """Make a record of a row, or say why it cannot be used.

        Args:
            row: as it came.
            own: the detection of ours that it is, or that it was made of.
        """
        uid = row.get("sftsec_uid")
        if not isinstance(uid, str) or not uid:
            reason = self._no_name
            return Rejection(f"result at {row.get('sftsec_ms')}", reason, digest_of(row))
        try:
            fields = self._fields(row)
            refuse_long_values(fields, self._config.max_field_bytes)
            at = self._time_of(row)
        except UnusableError as error:
            return Rejection(uid, str(error), digest_of(row))
        incident = Incident(uid, fields, (), at)
        name = finding_name(row) or uid
        if own is None:
            return SourceRecord(name, None, incident, row)
        return SourceRecord(name, own.about, incident, own.in_row(row))

    def _time_of(self, row: Mapping[str, Any]) -> datetime | None:
        """The time of a row, to the millisecond.

        Raises:
            UnusableError: when there is none, or none by which the row has a place among others.
        """
        ms, name = row.get("sftsec_ms"), self._time_field
        if ms is None:
            raise UnusableError(
                f"{name!r} is no number of seconds to nanoseconds since 1970: read it with "
                f"`| eval {name}=strptime({name}, ...)` in the search"
            )
        if float(row.get("sftsec_at", ms)) == UNPLACED_MS:
            raise UnusableError("it has no _indextime: set `order: event_time` on the source")
        reader = SECONDS_OF_ANY_TIME if self._config.any_time else SECONDS
        return parse_time(float(ms) / 1000, name, reader)

    def _fields(self, row: Mapping[str, Any]) -> dict[str, Any]:
        named = self._renames.apply(_plain(row))
        if self._wanted:
            return select_fields(named, self._wanted, self._private)
        hidden = IDENTITY_FIELDS if finding_name(row) else frozenset()
        return {n: value for n, value in named.items() if n not in hidden and self._shown(n)}

    def _shown(self, name: str) -> bool:
        return not (name.startswith("_") or is_metadata(name) or self._private(name))

    def carried(self, detection: SourceRecord) -> Incident:
        """Make the event that a detection is about from the detection's copy of its fields."""
        cut = len(ORIGINAL)
        fields = {
            name[cut:]: value
            for name, value in detection.raw.items()
            if name.startswith(ORIGINAL) and name not in _META
        }
        at = time_or_none(detection.raw.get(ORIGINAL_TIME)) or detection.incident.at
        verdicts = detection.incident.verdicts
        return Incident(detection.about or "", self._fields(fields), verdicts, at)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Fields without the marks of arrays.

    Raises:
        UnusableError: when a field is there as a value and as an array, and they are not equal.
    """
    named: dict[str, Any] = {}
    for name, value in row.items():
        plain = plain_name(name)
        if plain in named and not are_equal(named[plain], value):
            raise UnusableError(f"{plain!r} is there twice, as a value and as an array")
        named.setdefault(plain, value)
    return named


def original_time(detection: SourceRecord) -> float | None:
    """When the event that a detection is about happened: seconds since 1970."""
    at = time_or_none(detection.raw.get(ORIGINAL_TIME))
    return None if at is None else at.timestamp()


def digest_of(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a row, to recognise it again."""
    raw = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(raw).hexdigest()

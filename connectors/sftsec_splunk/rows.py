"""From a row of a search to a record: fields, identity, time, and whether it is ours."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.domain import Incident, Rejection
from sftsec_core.sdk.portable import IDENTITY_FIELDS, finding_name, is_metadata
from sftsec_core.sdk.records import UnusableError, parse_time, refuse_long_values
from sftsec_core.sdk.verdict_join import SourceRecord
from sftsec_splunk.times import SECONDS, SECONDS_OF_ANY_TIME, time_or_none

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_splunk.config import SplunkConfig
    from sftsec_splunk.searches import Row

# A detection of ours, or what Enterprise Security made of one, says which event it is about.
DETECTION, ABOUT, ORIGINAL, ORIGINAL_TIME = "detection_id", "incident_uid", "orig_", "orig_time"
# Of the search that made a notable, not of the event.
_META = frozenset({"orig_time", "orig_raw", "orig_sid", "orig_rid"})


class RowReader:
    """Makes records of one source's rows, as the configuration and the window ask."""

    def __init__(
        self, config: SplunkConfig, wanted: tuple[str, ...], private: Callable[[str], bool]
    ) -> None:
        """Prepare.

        Args:
            config: the limits.
            wanted: the fields to bring; empty for all.
            private: whether a field holds what analysts or we said.
        """
        self._config = config
        self._wanted = wanted
        self._private = private

    def read(self, row: Row) -> SourceRecord | Rejection:
        """Make a record of a row, or say why it cannot be used."""
        uid = row.get("sftsec_uid")
        if not isinstance(uid, str) or not uid:
            reason = "it has no name that stays: give the source a `uid`"
            return Rejection(f"result at {row.get('sftsec_ms')}", reason, digest_of(row))
        try:
            fields = self._fields(row)
            refuse_long_values(fields, self._config.max_field_bytes)
            at = self._time_of(row)
        except UnusableError as error:
            return Rejection(uid, str(error), digest_of(row))
        incident = Incident(uid, fields, (), at)
        about = uid if row.get(DETECTION) and row.get(ABOUT) else None
        return SourceRecord(finding_name(row) or uid, about, incident, row)

    def _time_of(self, row: Mapping[str, Any]) -> datetime | None:
        """The time of a row, to the millisecond."""
        ms = row.get("sftsec_ms")
        reader = SECONDS_OF_ANY_TIME if self._config.any_time else SECONDS
        return None if ms is None else parse_time(float(ms) / 1000, "_time", reader)

    def _fields(self, row: Mapping[str, Any]) -> dict[str, Any]:
        named = {name.removesuffix("{}"): value for name, value in row.items()}
        if self._wanted:
            return {name: named[name] for name in self._wanted if name in named}
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
        about = detection.incident
        return Incident(about.uid, self._fields(fields), about.verdicts, at)


def original_time(detection: SourceRecord) -> float | None:
    """When the event that a detection is about happened: seconds since 1970."""
    at = time_or_none(detection.raw.get(ORIGINAL_TIME))
    return None if at is None else at.timestamp()


def digest_of(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a row, to recognise it again."""
    raw = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(raw).hexdigest()

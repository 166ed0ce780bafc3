"""Which rows are detections of ours, and what we said in them.

A row names a detection; it proves none, for the author of an event chooses its fields. What the
detection is about, and the copy of the event, are taken from the outbox, or from the sealed event
in our own index: never from the row that names it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.sdk.ownership import same_json
from sftsec_core.sdk.portable import DETECTION_TYPE, first
from sftsec_splunk.kv import parts_of
from sftsec_splunk.mapping import SEAL, without_seal
from sftsec_splunk.rows import ABOUT, DETECTION, ORIGINAL, ORIGINAL_TIME, RAW
from sftsec_splunk.times import time_or_none

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.domain import Detection
    from sftsec_core.sdk.ownership import Ownership
    from sftsec_splunk.searches import Row, Searches

log = logging.getLogger(__name__)
INDEX = "sftsec"  # where the app keeps detections, and the collector unless it is told otherwise
_NOTABLES = "notable"  # where Enterprise Security writes what a rule made of them
_UID = re.compile(r"[0-9a-f]{40}")  # ours; a term of the index in any context
_AT_ONCE = 200
_NO_LETTER = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class OwnDetection:
    """What we said: the uid of the event that it is about, its time, and our copy of its fields."""

    about: str
    at: datetime | None
    fields: Mapping[str, Any]

    @classmethod
    def of(cls, detection: Detection) -> OwnDetection:
        """From the outbox."""
        return cls(detection.incident_uid, detection.at, detection.fields)

    @classmethod
    def written(cls, event: Mapping[str, Any]) -> OwnDetection:
        """From an event of ours."""
        cut = len(ORIGINAL)
        fields = {n[cut:]: v for n, v in event.items() if n.startswith(ORIGINAL)}
        at = time_or_none(event.get(ORIGINAL_TIME))
        if at is not None:
            del fields[ORIGINAL_TIME[cut:]]
        return cls(str(event.get(ABOUT, "")), at, fields)

    def in_row(self, row: Row) -> dict[str, Any]:
        """A row that names it, with our copy of the event in place of the row's."""
        kept = {name: value for name, value in row.items() if not name.startswith(ORIGINAL)}
        copy = {f"{ORIGINAL}{name}": value for name, value in self.fields.items()}
        at = {} if self.at is None else {ORIGINAL_TIME: self.at.timestamp()}
        return {**kept, **copy, **at}


class OwnDetections:
    """Looks up the detections that rows name."""

    def __init__(
        self, searches: Searches, ownership: Ownership, index: str | None, *, alerts: bool
    ) -> None:
        """Take the parts.

        Args:
            searches: run them.
            ownership: of this site.
            index: where our detections are; None for the app's own.
            alerts: whether all rows are what Enterprise Security wrote.
        """
        self._searches = searches
        self._ownership = ownership
        self._index = index or INDEX
        self._alerts = alerts
        self._refused = 0

    def of(self, rows: Sequence[Row]) -> list[OwnDetection | None]:
        """What each row is; None for an event like any other, whatever its fields are called."""
        own = self._in_our_index(rows)
        named = [
            first(row, DETECTION) if each is None and self._may_be_alert(row) else ""
            for row, each in zip(rows, own, strict=True)
        ]
        found = self.named(named)
        for place, (row, uid) in enumerate(zip(rows, named, strict=True)):
            if uid in found and _agrees(row, found[uid]):
                own[place] = found[uid]
        self._refused += sum(
            each is None and _claims(row) for row, each in zip(rows, own, strict=True)
        )
        return own

    def named(self, uids: Iterable[str]) -> dict[str, OwnDetection]:
        """The detections of ours with these uids; others are left out."""
        wanted = list(dict.fromkeys(uid for uid in uids if _UID.fullmatch(uid)))
        found = {uid: OwnDetection.of(each) for uid, each in self._ownership.known(wanted).items()}
        for part in parts_of([uid for uid in wanted if uid not in found], _AT_ONCE):
            found |= self._sealed(part)
        return found

    def say_refused(self, title: str) -> None:
        """Say once a reading how many events only look like detections of ours."""
        if self._refused:
            log.warning(
                "%d events of %s have the fields of a detection of ours and are none: they are "
                "read as events like any other",
                self._refused,
                title,
            )
        self._refused = 0

    def _in_our_index(self, rows: Sequence[Row]) -> list[OwnDetection | None]:
        """What each row of our index says, where its seal is right or the outbox has the same."""
        events = [_event(row, RAW) if self._is_in_place(row) else {} for row in rows]
        sealed = [self._is_sealed(each) for each in events]
        unsealed = [str(event.get(DETECTION, "")) for event in events if not event.get(SEAL)]
        outbox = self._ownership.known([uid for uid in dict.fromkeys(unsealed) if uid])
        return [
            OwnDetection.written(event) if known or _is_same(event, outbox) else None
            for event, known in zip(events, sealed, strict=True)
        ]

    def _is_in_place(self, row: Row) -> bool:
        ours = first(row, "sourcetype") == DETECTION_TYPE and _index_of(row) == self._index
        return ours and _claims(row)

    def _may_be_alert(self, row: Row) -> bool:
        return _claims(row) and (self._alerts or _index_of(row) == _NOTABLES)

    def _is_sealed(self, event: Mapping[str, Any]) -> bool:
        return bool(event) and self._ownership.is_sealed(without_seal(event), event.get(SEAL))

    def _sealed(self, uids: Sequence[str]) -> dict[str, OwnDetection]:
        where = f'search index="{self._index}" sourcetype="{DETECTION_TYPE}" ({" OR ".join(uids)})'
        found = {}
        for row in self._searches.rows(f"{where} | fields _raw"):
            event = _event(row, "_raw")
            uid = event.get(DETECTION)
            if isinstance(uid, str) and uid in uids and self._is_sealed(event):
                found[uid] = OwnDetection.written(event)
        return found


def _claims(row: Row) -> bool:
    return bool(first(row, DETECTION) and first(row, ABOUT))


def _index_of(row: Row) -> str:
    return first(row, "index") or first(row, "_bkt").partition("~")[0]


def _is_same(event: Mapping[str, Any], outbox: Mapping[str, Detection]) -> bool:
    """Whether an event without a seal, as of an older version, says what the outbox has."""
    detection = outbox.get(str(event.get(DETECTION, "")))
    if detection is None or event.get(SEAL):
        return False
    said = OwnDetection.written(event)
    return said.about == detection.incident_uid and same_json(said.fields, dict(detection.fields))


def _event(row: Row, name: str) -> Mapping[str, Any]:
    try:
        event = orjson.loads(first(row, name))
    except orjson.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) else {}


def _agrees(row: Row, own: OwnDetection) -> bool:
    """Whether a row that names a detection says the same of it.

    A rule may drop fields and mask characters, and Splunk may cut a value.
    """
    return first(row, ABOUT) == own.about and all(
        _letters(value).startswith(_letters(row[f"{ORIGINAL}{name}"]))
        for name, value in own.fields.items()
        if isinstance(value, str) and isinstance(row.get(f"{ORIGINAL}{name}"), str)
    )


def _letters(text: str) -> str:
    return _NO_LETTER.sub("", text)

"""The app's append-only collection of verdicts: read, joined to events, and written to.

A verdict that a later document retracts (`retracts`) does not count; no document is changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.domain import Rejection, Verdict
from sftsec_core.sdk.errors import TooLargeError
from sftsec_core.sdk.portable import (
    VERDICTS,
    NewVerdict,
    document_key,
    retracted_keys,
    verdict_document,
)
from sftsec_core.sdk.records import UnusableError, parse_time
from sftsec_core.sdk.verdict_join import LoggedPage, LoggedVerdicts
from sftsec_splunk.errors import SearchError
from sftsec_splunk.kv import Collection
from sftsec_splunk.positions import SplunkPosition
from sftsec_splunk.times import sort_seconds, time_or_none

if TYPE_CHECKING:
    from sftsec_splunk.client import Splunk
    from sftsec_splunk.own import OwnDetection, OwnDetections

Document = Mapping[str, Any]
_MOST = 50_000  # rows of one answer of the KV store's
_MOST_OF_ONE = 1000
_WITHOUT_EVENT = (
    "_key,incident_uid,verdict,analyst,time,reason,automated,retracts,event_time,detection_id"
)


class VerdictCollection:
    """The collection of verdicts; where the app is not installed, there are none."""

    def __init__(self, splunk: Splunk, own: OwnDetections) -> None:
        self.collection = Collection(splunk, VERDICTS)
        self._own = own

    def of(self, uids: Sequence[str]) -> dict[str, tuple[Verdict, ...]]:
        """The verdicts that count on these incidents, oldest first."""
        wanted = list(dict.fromkeys(uids))
        found, _ = logged_verdicts(self.collection.where("incident_uid", wanted, _WITHOUT_EVENT))
        return {each.uid: each.verdicts for each in found if each.verdicts}

    def pages(
        self, position: SplunkPosition | None, size: int, wanted: tuple[str, ...]
    ) -> Iterator[LoggedPage[SplunkPosition]]:
        """Read all judged incidents in the order of their uids, about `size` documents a page."""
        after = "" if position is None else position.key
        while documents := self._documents(after, size):
            after = str(documents[-1]["incident_uid"])
            found, rejected = logged_verdicts(self._with_own_copies(documents))
            logged = [_limited(each, wanted) for each in found if each.verdicts]
            yield LoggedPage(logged, SplunkPosition(0, after), tuple(rejected))

    def _with_own_copies(self, documents: Sequence[Document]) -> list[Document]:
        """Put our copy of the event where an analyst judged a detection of ours.

        What was shown there had the event's fields under other names, as an event that only looks
        like a detection has any text.
        """
        own = self._own.named(str(each.get("detection_id") or "") for each in documents)
        return [
            _with_copy(each, own.get(str(each.get("detection_id") or ""))) for each in documents
        ]

    def _documents(self, after: str, size: int) -> list[dict[str, Any]]:
        """The next documents: all of an incident's, never a part of them."""
        try:
            found = self._found(after, size)
        except TooLargeError:
            return self._documents(after, size // 4) if size >= 4 else self._of_the_next(after)
        if len(found) <= size:
            return found
        last = found[-1]["incident_uid"]
        whole = [each for each in found if each["incident_uid"] != last]
        if whole:
            return whole
        if size >= _MOST:
            raise SearchError(f"more than {_MOST:,} verdicts on one incident: clear them up")
        return self._documents(after, min(size * 4, _MOST))

    def _of_the_next(self, after: str) -> list[dict[str, Any]]:
        """All of one incident's documents; without the event's fields, where they are too large."""
        found = self._found(after, _MOST_OF_ONE, _WITHOUT_EVENT)
        uid = found[0]["incident_uid"]
        try:
            return self.collection.find({"incident_uid": uid})
        except TooLargeError:  # the verdicts count; a source may have the event
            return [each for each in found if each["incident_uid"] == uid]

    def _found(self, after: str, size: int, kept: str = "") -> list[dict[str, Any]]:
        query = {"incident_uid": {"$gt": after}}
        paging: dict[str, str | int] = {"sort": "incident_uid", "limit": size + 1}
        return self.collection.find(query, **paging, **({"fields": kept} if kept else {}))

    def add(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Append verdicts; the same one again is the same document. Return how many are new."""
        return self._append(document_of(*pair) for pair in verdicts)

    def retract(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Append that verdicts count no longer; return how many of that are new."""
        now = datetime.now(UTC).timestamp()
        return self._append(retraction_of(*pair, now) for pair in verdicts)

    def _append(self, documents: Iterable[dict[str, Any]]) -> int:
        made = {str(each["_key"]): each for each in documents}
        existing = self.collection.keys(list(made))
        fresh = [each for key, each in made.items() if key not in existing]
        self.collection.save(fresh)
        return len(fresh)


def retraction_of(uid: str, verdict: Verdict, now: float) -> dict[str, Any]:
    """The document that takes back a verdict that `document_of` made."""
    key = str(document_of(uid, verdict)["_key"])
    new = NewVerdict("", verdict.analyst or "", "", "cli", now, verdict.automated)
    made = verdict_document(document_key("retracts", key), uid, new, {})
    return {**made, "retracts": key}


def document_of(uid: str, verdict: Verdict) -> dict[str, Any]:
    """A verdict as a document, under a key that is a digest of its content."""
    at = verdict.at or datetime.now(UTC)
    given = verdict.at and verdict.at.timestamp()
    new = NewVerdict(
        verdict.value,
        verdict.analyst or "",
        verdict.reason or "",
        "cli",
        at.timestamp(),
        verdict.automated,
    )
    return verdict_document(document_key(uid, verdict.value, verdict.analyst, given), uid, new, {})


def logged_verdicts(
    documents: Iterable[Document],
) -> tuple[list[LoggedVerdicts], list[Rejection]]:
    """Group documents by incident, in the order of the uids; and those that cannot be used."""
    rejected: list[Rejection] = []
    by_uid: dict[str, list[Document]] = defaultdict(list)
    for each in documents:
        by_uid[str(each.get("incident_uid", ""))].append(each)
    return [_logged(uid, by_uid[uid], rejected) for uid in sorted(by_uid) if uid], rejected


def _logged(uid: str, documents: Sequence[Document], rejected: list[Rejection]) -> LoggedVerdicts:
    retracted = retracted_keys(documents)
    ordered = sorted(documents, key=lambda each: (_seconds(each), str(each.get("_key"))))
    counted = [
        each for each in ordered if each.get("verdict") and each.get("_key") not in retracted
    ]
    events = [event for each in ordered[::-1] if (event := _event(each)) is not None]
    times = [
        at for each in ordered[::-1] if (at := time_or_none(each.get("event_time"))) is not None
    ]
    return LoggedVerdicts(
        uid,
        tuple(_usable(uid, counted, rejected)),
        events[0] if events else None,
        times[0] if times else None,
    )


def _limited(logged: LoggedVerdicts, wanted: tuple[str, ...]) -> LoggedVerdicts:
    """Keep the wanted fields of the event as the analyst saw it."""
    shown = logged.fields
    if shown is None or not wanted:
        return logged
    return replace(logged, fields={name: shown[name] for name in wanted if name in shown})


def _with_copy(document: Document, own: OwnDetection | None) -> Document:
    if own is None or own.about != document.get("incident_uid"):
        return document
    event = orjson.dumps(own.fields, default=str, option=orjson.OPT_NON_STR_KEYS)
    at = {} if own.at is None else {"event_time": own.at.timestamp()}
    return {**document, "event": event, **at}


def _usable(
    uid: str, documents: Iterable[Document], rejected: list[Rejection]
) -> Iterator[Verdict]:
    for each in documents:
        try:
            yield _verdict(each)
        except UnusableError as error:
            rejected.append(Rejection(uid, f"a verdict on it: {error}"))


def _verdict(document: Document) -> Verdict:
    return Verdict(
        str(document["verdict"]),
        str(document["analyst"]) if document.get("analyst") else None,
        parse_time(document.get("time"), "time"),
        str(document["reason"]) if document.get("reason") else None,
        automated=document.get("automated") is True,
    )


def _event(document: Document) -> Mapping[str, Any] | None:
    try:
        found = orjson.loads(document.get("event") or "null")
    except (orjson.JSONDecodeError, TypeError):
        return None
    return found if isinstance(found, dict) and found else None


def _seconds(document: Document) -> float:
    return sort_seconds(document.get("time"))

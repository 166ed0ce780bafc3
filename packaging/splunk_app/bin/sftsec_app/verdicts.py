"""Verdicts in the app's collection: added, never changed, each once.

A document is named by what it says. Saying the same again adds nothing while it still counts;
after a retraction, or after another verdict of the same analyst, it is a new document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sftsec_app.fields import event_fields, event_time
from sftsec_app.rows import Row, first
from sftsec_app.splunkd import Document, Splunkd

VERDICTS, QUEUE = "sftsec_verdicts", "sftsec_queue"
# Splunk 9 takes 1,000 documents or queries at once, and 50 MB.
_AT_ONCE = 500
_BYTES_AT_ONCE = 8 * 2**20
# MongoDB's limit of a document is 16 MB.
_MOST_BYTES = 12 * 2**20


@dataclass(frozen=True)
class Opinion:
    """What is said of the rows, and by whom.

    Attributes:
        verdict: a word.
        analyst: who says it.
        reason: why; "" when there is nothing to add.
        source: "search" or "alert".
        at: when, in seconds since 1970.
    """

    verdict: str
    analyst: str
    reason: str
    source: str
    at: float


@dataclass(frozen=True)
class Judged:
    """A row with its name."""

    uid: str
    row: Row


def add_verdicts(splunkd: Splunkd, opinion: Opinion, judged: Sequence[Judged]) -> dict[str, str]:
    """Add the verdicts that are not there.

    Args:
        splunkd: where.
        opinion: what is said.
        judged: of what; several rows may be of one incident.

    Returns:
        For each uid "saved", "already saved", or why it could not be.

    Raises:
        AppError: when splunkd refuses or does not answer; what was written before stays.
    """
    by_uid = {each.uid: each.row for each in judged}
    states: dict[str, str] = {}
    for uids in _parts(list(by_uid), _AT_ONCE):
        found = splunkd.find(VERDICTS, [{"incident_uid": uid} for uid in uids])
        fresh = []
        for uid, earlier in zip(uids, found):
            if _stands(opinion, earlier):
                states[uid] = "already saved"
                continue
            document = _document(opinion, uid, by_uid[uid], earlier)
            fits = len(document["event"].encode()) <= _MOST_BYTES
            states[uid] = "saved" if fits else "not saved: the event is too large"
            fresh += [document] if fits else []
        save(splunkd, VERDICTS, fresh)
    return states


def save(splunkd: Splunkd, collection: str, documents: Iterable[Document]) -> None:
    """Write documents in parts that the KV store takes.

    Raises:
        AppError: when splunkd refuses or does not answer.
    """
    part: list[Document] = []
    size = 0
    for document in documents:
        length = len(str(document.get("event", "")).encode())
        if part and (len(part) == _AT_ONCE or size + length > _BYTES_AT_ONCE):
            splunkd.save(collection, part)
            part, size = [], 0
        part.append(document)
        size += length
    if part:
        splunkd.save(collection, part)


def event_json(row: Row) -> str:
    """An event's flat fields as a document holds them."""
    return json.dumps(event_fields(row), sort_keys=True, ensure_ascii=False)


def key_of(*parts: object) -> str:
    """A name in hex that the same parts give again."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def key_of_uid(uid: str) -> str:
    """What an incident's document in the queue is called."""
    return hashlib.sha256(uid.encode()).hexdigest()[:40]


def _document(opinion: Opinion, uid: str, row: Row, earlier: Sequence[Document]) -> dict[str, Any]:
    # How often it was judged before tells a second judgement from a repeated write.
    mine = sum(each.get("analyst") == opinion.analyst for each in earlier)
    document: dict[str, Any] = {
        "_key": key_of(uid, opinion.verdict, opinion.analyst, opinion.reason, mine),
        "incident_uid": uid,
        "verdict": opinion.verdict,
        "analyst": opinion.analyst,
        "time": opinion.at,
        "reason": opinion.reason,
        "automated": False,
        "retracts": "",
        "source": opinion.source,
        "event": event_json(row),
        "detection_id": first(row, "detection_id"),
        "task": first(row, "sftsec_task"),
    }
    at = event_time(row)
    return document if at is None else {**document, "event_time": at}


def _stands(opinion: Opinion, documents: Sequence[Document]) -> bool:
    """Whether the analyst's newest verdict that counts says this already."""
    taken_back = {each.get("retracts") for each in documents} - {"", None}
    counted = [
        each
        for each in documents
        if each.get("verdict")
        and each.get("analyst") == opinion.analyst
        and each.get("_key") not in taken_back
    ]
    newest = max(counted, key=lambda each: float(each.get("time") or 0), default=None)
    said = (opinion.verdict, opinion.reason)
    return newest is not None and (newest["verdict"], newest.get("reason") or "") == said


def _parts(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]

"""How a verdict is stored in the KV store of the Splunk app: added once, never changed.

The key of a document is a digest of its content, so a repeated write adds nothing. After a
retraction, or after another verdict of the same analyst, the same verdict is a new document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .event_rules import event_fields, event_time, first

VERDICTS, QUEUE = "sftsec_verdicts", "sftsec_queue"
CAPABILITY = "sftsec_label"
MAX_REASON_LENGTH = 2000
# MongoDB's limit of a document is 16 MB.
MAX_EVENT_BYTES = 12 * 2**20
_KEY_LENGTH = 40


@dataclass(frozen=True)
class NewVerdict:
    """A verdict that is to be stored.

    Attributes:
        verdict: its value.
        analyst: who gave it.
        reason: why; "" without one.
        source: "search", "alert", "soar" or "cli".
        at: when, in seconds since 1970.
        automated: whether a program gave it.
        task: the one it is for; "" for all.
    """

    verdict: str
    analyst: str
    reason: str
    source: str
    at: float
    automated: bool = False
    task: str = ""


def verdict_document(key: str, uid: str, new: NewVerdict, row: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a verdict.

    Args:
        key: from `document_key`.
        uid: of the incident.
        new: the verdict.
        row: the event, for its fields, its time and the detection that it came with.
    """
    document: dict[str, Any] = {
        "_key": key,
        "incident_uid": uid,
        "verdict": new.verdict,
        "analyst": new.analyst,
        "time": new.at,
        "reason": new.reason,
        "automated": new.automated,
        "retracts": "",
        "source": new.source,
        "event": event_json(row),
        "detection_id": first(row, "detection_id"),
        "task": new.task or first(row, "sftsec_task"),
    }
    at = event_time(row)
    return document if at is None else {**document, "event_time": at}


def retraction_document(standing: Mapping[str, Any], new: NewVerdict) -> dict[str, Any]:
    """The document that takes a verdict back; the same one again has the same key.

    Args:
        standing: the verdict's document.
        new: who takes it back, when, why and by what; its verdict is not read.
    """
    key = str(standing["_key"])
    return {
        "_key": document_key("retracts", key),
        "incident_uid": standing["incident_uid"],
        "verdict": "",
        "analyst": new.analyst,
        "time": new.at,
        "reason": new.reason,
        "automated": new.automated,
        "retracts": key,
        "source": new.source,
        "event": "",
        "detection_id": standing.get("detection_id") or "",
        "task": standing.get("task") or "",
    }


def event_json(row: Mapping[str, Any]) -> str:
    """The fields of an event as a document holds them.

    "" without fields, not an empty object: another document of the incident may have them.
    """
    fields = event_fields(row)
    return json.dumps(fields, sort_keys=True, ensure_ascii=False) if fields else ""


def document_key(*parts: object) -> str:
    """The key of a verdict's document: the same for the same parts."""
    return _digest(json.dumps(parts))


def queue_key(uid: str) -> str:
    """The key of an incident's document in the labelling queue."""
    return _digest(uid)


def retracted_keys(documents: Iterable[Mapping[str, Any]]) -> set[str]:
    """The keys of the verdicts that a later document retracts."""
    return {str(each.get("retracts") or "") for each in documents} - {""}


def standing_verdict(
    documents: Iterable[Mapping[str, Any]], analyst: str
) -> Mapping[str, Any] | None:
    """The newest verdict of an analyst on one incident that is not retracted.

    Args:
        documents: all of the incident.
        analyst: whose.
    """
    return next(reversed(standing_verdicts(documents, analyst)), None)


def standing_verdicts(
    documents: Iterable[Mapping[str, Any]], analyst: str
) -> list[Mapping[str, Any]]:
    """An analyst's verdicts on one incident that are not retracted, oldest first.

    A later verdict does not retract an earlier one: to say nothing of the incident any more, all of
    them have to be retracted.

    Args:
        documents: all of the incident.
        analyst: whose.
    """
    known = list(documents)
    retracted = retracted_keys(known)
    counted = [
        each
        for each in known
        if each.get("verdict")
        and each.get("analyst") == analyst
        and each.get("_key") not in retracted
    ]
    return sorted(counted, key=lambda each: float(each.get("time") or 0))


def is_same_verdict(document: Mapping[str, Any], new: NewVerdict) -> bool:
    """Whether a document holds the same verdict with the same reason."""
    stored = (document.get("verdict"), document.get("reason") or "")
    return stored == (new.verdict, new.reason)


def offered_verdicts(setting: str) -> list[str]:
    """The verdicts that the app offers, from its setting `verdicts`."""
    return [value.strip() for value in setting.split(",") if value.strip()]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_KEY_LENGTH]

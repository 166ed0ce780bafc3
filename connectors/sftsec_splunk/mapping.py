"""A detection or an entry of the audit log as the event that is sent to Splunk."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.sdk.portable import DetectionRecord, detection_event

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sftsec_core.api.domain import AuditEntry, Detection
    from sftsec_core.sdk.ownership import Ownership

AUDIT_TYPE, SOURCE = "sftsec:audit", "sftsec"
SEAL = "sftsec_seal"


def event_of(detection: Detection) -> dict[str, Any]:
    """Write a detection as a flat event, as the app's commands write it."""
    at, why = detection.at, detection.explanation
    return detection_event(
        DetectionRecord(
            detection.uid,
            detection.incident_uid,
            detection.task,
            detection.label,
            detection.probability,
            detection.threshold,
            detection.model_digest,
            "" if why is None else why.text,
            None if at is None else at.timestamp(),
            detection.fields,
            detection.labels,
            () if why is None else why.contributions(),
        )
    )


def sealed(event: Mapping[str, Any], ownership: Ownership) -> dict[str, Any]:
    """An event of ours with the site's seal, by which it is known after a loss of the state."""
    return {**event, SEAL: ownership.seal(event)}


def without_seal(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the seal of an event is of."""
    return {name: value for name, value in event.items() if name != SEAL}


def audit_event_of(entry: AuditEntry) -> dict[str, Any]:
    """Write an entry of the audit log as an event; `audit_id` is its hash."""
    return {
        "audit_id": entry.hash,
        "log": entry.log,
        "action": entry.action,
        "object": entry.object,
        "user": entry.actor,
        "sequence": entry.seq,
        "time": entry.at.astimezone(UTC).isoformat(),
        "details": dict(entry.details),
    }


def envelope(event: Mapping[str, Any], sourcetype: str, index: str, at: datetime) -> bytes:
    """An event as the collector takes it: one line of JSON.

    Args:
        event: what is indexed.
        sourcetype: `sftsec:detection` or `sftsec:audit`.
        index: where.
        at: the event's `_time`.
    """
    outer = {
        "time": round(at.timestamp(), 3),
        "source": SOURCE,
        "sourcetype": sourcetype,
        "index": index,
        "event": event,
    }
    return orjson.dumps(outer, default=str, option=orjson.OPT_NON_STR_KEYS)


def document_of(event: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """A detection's event as a document of the KV store, whose names may hold no dots."""
    named = {name.replace(".", "_"): value for name, value in event.items()}
    return {**named, "_key": str(event["detection_id"]), "time": at.timestamp()}

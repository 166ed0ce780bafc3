"""A detection, and an entry of the audit log, as events that Splunk's own apps understand.

The names are those of the Common Information Model (Alerts) and of risk-based alerting; the event
that a detection is about stands behind them under `orig_*`, last, so that a limit on what Splunk
extracts cuts there.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sftsec_core.api.domain import AuditEntry, Detection

DETECTION_TYPE, AUDIT_TYPE, SOURCE = "sftsec:detection", "sftsec:audit", "sftsec"
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
_SEVERITIES = ((0.95, "critical", 5), (0.8, "high", 4), (0.5, "medium", 3), (0.0, "low", 2))
# The CIM's names, and the names that an event may have for the same: its own, then ECS's.
_CIM: Mapping[str, tuple[str, ...]] = {
    "src": ("src", "src_ip", "src_host", "source.ip", "source.address", "client.ip"),
    "dest": ("dest", "dest_ip", "dest_host", "destination.ip", "destination.address", "host.name"),
    "user": ("user", "user.name", "dest_user", "recipient", "email.to.address"),
    "src_user": ("src_user", "sender", "email.from.address"),
    "url": ("url", "url.full", "url.original"),
    "file_hash": ("file_hash", "file.hash.sha256", "process.hash.sha256"),
    "process": ("process", "process.command_line"),
    "process_name": ("process_name", "process.name"),
    "signature_id": ("signature_id", "rule_id", "rule.id"),
}
_RISK_OBJECTS = (("user", "user"), ("dest", "system"), ("src", "system"))


def event_of(detection: Detection) -> dict[str, Any]:
    """Write a detection as a flat event.

    A field of the source event stands under `orig_<its name>`, and under the CIM's where it has
    one. Nothing of it can hide a name of ours.
    """
    share = detection.probability
    message = f"{detection.task}: {detection.label}, probability {share:.3f}"
    severity, severity_id = next(
        (word, number) for floor, word, number in _SEVERITIES if share >= floor
    )
    cim = _common(detection.fields)
    event = {
        "detection_id": detection.uid,
        "incident_uid": detection.incident_uid,
        "app": "sftsec",
        "type": "alert",
        "severity": severity,
        "severity_id": severity_id,
        "signature": detection.label,
        "description": message,
        **cim,
        **_technique(detection.label),
        **_risk(cim, share, message),
        "sftsec_task": detection.task,
        "sftsec_label": detection.label,
        "sftsec_probability": share,
        "sftsec_threshold": detection.threshold,
        "sftsec_model": detection.model_digest,
        "sftsec_reason": detection.explanation or "",
    }
    if detection.at is not None:
        event["orig_time"] = detection.at.timestamp()
    for name, value in detection.fields.items():
        event.setdefault(f"orig_{name}", value)
    return event


def _common(fields: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, candidates in _CIM.items():
        values = (fields.get(each) for each in candidates)
        value = next((each for each in values if each not in (None, "", [])), None)
        if value is not None:
            found[name] = value
    return found


def _technique(label: str) -> dict[str, Any]:
    if not _TECHNIQUE.fullmatch(label):
        return {}
    return {"mitre_technique_id": label, "annotations.mitre_attack": label}


def _risk(cim: Mapping[str, Any], share: float, message: str) -> dict[str, Any]:
    """Whom the risk is put to; without anybody there is no risk event to make."""
    for name, kind in _RISK_OBJECTS:
        if name in cim:
            score = {"risk_score": round(100 * share), "risk_message": message}
            return {"risk_object": cim[name], "risk_object_type": kind, **score}
    return {}


def audit_event_of(entry: AuditEntry) -> dict[str, Any]:
    """Write an entry of the audit log as an event; `audit_id` is its hash."""
    return {
        "audit_id": entry.hash,
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

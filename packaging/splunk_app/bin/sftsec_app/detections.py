"""A scored row as the event that the index `sftsec` holds: as sftsec's own connector writes it.

The names are those of the Common Information Model (Alerts) and of risk-based alerting; the
event that a detection is about stands behind them under `orig_*`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from sftsec_app.rows import Value
from sftsec_app.service import Result

SOURCETYPE, SOURCE = "sftsec:detection", "sftsec"
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
_SEVERITIES = ((0.95, "critical", 5), (0.8, "high", 4), (0.5, "medium", 3), (0.0, "low", 2))
# The CIM's names, and the names that an event may have for the same.
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


def detection_id(model: str, uid: str) -> str:
    """Name a detection by what made it, so that the same one is never a second one."""
    return hashlib.sha256(f"{model}\0{uid}".encode()).hexdigest()[:40]


def detection_event(
    result: Result, uid: str, task: str, fields: Mapping[str, Value], at: float | None
) -> dict[str, Any]:
    """Write a detection as a flat event.

    Args:
        result: what the service said.
        uid: the incident's.
        task: of sftsec.yaml.
        fields: the source event's.
        at: its time, in seconds since 1970.
    """
    share = result.probability
    message = f"{task}: {result.label}, probability {share:.3f}"
    severity, number = next((word, n) for floor, word, n in _SEVERITIES if share >= floor)
    cim = _common(fields)
    event: dict[str, Any] = {
        "detection_id": detection_id(result.model, uid),
        "incident_uid": uid,
        "app": "sftsec",
        "type": "alert",
        "severity": severity,
        "severity_id": number,
        "signature": result.label,
        "description": message,
        **cim,
        **_technique(result.label),
        **_risk(cim, share, message),
        "sftsec_task": task,
        "sftsec_label": result.label,
        "sftsec_probability": share,
        "sftsec_threshold": result.threshold,
        "sftsec_model": result.model,
        "sftsec_reason": result.reason,
    }
    if at is not None:
        event["orig_time"] = at
    for name, value in fields.items():
        event.setdefault(f"orig_{name}", value)
    return event


def event_text(event: Mapping[str, Any], now: float) -> str:
    """One line of JSON; `time` stands first, where props.conf makes `_time` of it."""
    return f'{{"time": {now:.3f}, {json.dumps(event, ensure_ascii=False)[1:]}'


def _common(fields: Mapping[str, Value]) -> dict[str, Any]:
    found = {}
    for name, candidates in _CIM.items():
        value = next((fields[each] for each in candidates if fields.get(each)), None)
        if value is not None:
            found[name] = value
    return found


def _technique(label: str) -> dict[str, Any]:
    if not _TECHNIQUE.fullmatch(label):
        return {}
    return {"mitre_technique_id": label, "annotations.mitre_attack": label}


def _risk(cim: Mapping[str, Any], share: float, message: str) -> dict[str, Any]:
    for name, kind in _RISK_OBJECTS:
        if name in cim:
            score = {"risk_score": round(100 * share), "risk_message": message}
            return {"risk_object": cim[name], "risk_object_type": kind, **score}
    return {}

"""A detection as an event of the index `sftsec`, in names that Splunk's own apps read.

The names are those of the Common Information Model (Alerts) and of risk-based alerting. The fields
of the source event follow under `orig_*`, last, so that a limit on what Splunk extracts cuts there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
_RISK_TYPES = ("user", "system", "hash_values", "network_artifacts", "host_artifacts", "other")
# What redaction writes in place of a name: no user and no system that anyone could look for.
_PLACEHOLDER = re.compile(r"<[A-Z_]+:[0-9a-f]{8}>")


@dataclass(frozen=True)
class DetectionRecord:
    """What an event says of a detection.

    Attributes:
        detection_id: from `detection_id`.
        incident_uid: the name of the source event.
        task: of sftsec.yaml.
        label: the decision.
        probability: calibrated.
        threshold: the least probability of a detection.
        model: the digest of the model.
        reason: of the decision; "" without one.
        at: the time of the source event, in seconds since 1970; None where it has none.
        fields: of the source event.
        labels: the classes that are not ruled out; the label alone where none are given.
        contributions: what pieces of the event add: input, words, contribution, start, end.
    """

    detection_id: str
    incident_uid: str
    task: str
    label: str
    probability: float
    threshold: float
    model: str
    reason: str = ""
    at: float | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    labels: Sequence[str] = ()
    contributions: Sequence[Mapping[str, Any]] = ()


def detection_id(model: str, uid: str, inputs: str) -> str:
    """The id of a model's detection of an incident; the same one is a duplicate.

    Args:
        model: the digest of the model.
        uid: the name of the incident.
        inputs: the digest of what the model read of it, from the service's response; "" for the
            models of older versions.
    """
    parts = (model, uid, inputs) if inputs else (model, uid)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


def detection_event(record: DetectionRecord) -> dict[str, Any]:
    """Write a detection as a flat event.

    A field of the source event is under `orig_<its name>`, and under the CIM's name where it has
    one. It never replaces a field of the detection.
    """
    probability = record.probability
    message = f"{record.task}: {record.label}, probability {probability:.3f}"
    severity, number = next((name, n) for floor, name, n in _SEVERITIES if probability >= floor)
    cim = _cim_fields(record.fields)
    event: dict[str, Any] = {
        "detection_id": record.detection_id,
        "incident_uid": record.incident_uid,
        "app": "sftsec",
        "type": "alert",
        "severity": severity,
        "severity_id": number,
        "signature": record.label,
        "description": message,
        **cim,
        **_technique(record.label),
        **_risk({**record.fields, **cim}, probability, message),
        "sftsec_task": record.task,
        "sftsec_label": record.label,
        "sftsec_labels": list(record.labels) or [record.label],
        "sftsec_probability": probability,
        "sftsec_threshold": record.threshold,
        "sftsec_model": record.model,
        "sftsec_reason": record.reason,
    }
    if record.contributions:
        event["sftsec_contributions"] = [dict(each) for each in record.contributions]
    if record.at is not None:
        event["orig_time"] = record.at
    for name, value in record.fields.items():
        event.setdefault(f"orig_{name}", value)
    return event


def _cim_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
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


def _risk(fields: Mapping[str, Any], probability: float, message: str) -> dict[str, Any]:
    """The risk of the object that a finding names, or of the first user or system; {} without.

    Args:
        fields: of the source event, those of the CIM under the CIM's names.
        probability: of the detection.
        message: what it says.
    """
    own = fields.get("risk_object_type")
    named = (("risk_object", str(own)),) if own in _RISK_TYPES else ()
    for name, kind in (*named, *_RISK_OBJECTS):
        values = fields.get(name)
        listed = values if isinstance(values, list) else [values]
        known = [each for each in listed if each and not _PLACEHOLDER.match(str(each))]
        if known:
            score = {"risk_score": round(100 * probability), "risk_message": message}
            found = known if isinstance(values, list) else known[0]
            return {"risk_object": found, "risk_object_type": kind, **score}
    return {}

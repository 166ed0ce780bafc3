"""A detection as a document in ECS: what an analyst's SIEM promotes to an alert."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sftsec_search.config import DATASET
from sftsec_search.documents import place_of
from sftsec_search.own import OURS

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.domain import Detection

ECS_VERSION = "8.11.0"
_TECHNIQUE = re.compile(r"^(T\d{4})(\.\d{3})?$")
# Elastic's own scale: low, medium, high, critical.
_SEVERITIES = ((0.95, 99), (0.8, 73), (0.5, 47))
_LOW = 21
_DIGEST_SHOWN = 12


def severity_of(probability: float) -> int:
    """The severity that Elastic's rules map: 21 low, 47 medium, 73 high, 99 critical."""
    return next((value for floor, value in _SEVERITIES if probability >= floor), _LOW)


def document_of(detection: Detection, *, namespace: str, now: datetime) -> dict[str, Any]:
    """Write a detection as a nested document.

    The event's own fields stand at their ECS names, except where they would hide one of ours;
    `sftsec.source.fields` has all of them, not indexed, for the way back.

    Args:
        detection: what to write.
        namespace: of the data stream.
        now: when it is raised.
    """
    at = now.astimezone(UTC).isoformat(timespec="milliseconds")
    document = {
        "@timestamp": at,
        "ecs": {"version": ECS_VERSION},
        "message": f"{detection.task}: {detection.label}, probability {detection.probability:.3f}",
        "data_stream": {"type": "logs", "dataset": DATASET, "namespace": namespace},
        "event": _event(detection, at),
        "rule": {
            "name": f"sftsec {detection.task}",
            "ruleset": OURS,
            "category": detection.label,
            "version": detection.model_digest[:_DIGEST_SHOWN],
        },
        "sftsec": _ours(detection),
    }
    if technique := _TECHNIQUE.match(detection.label):
        document["threat"] = _threat(technique)
    for name, value in detection.fields.items():
        _place(document, name.split("."), value)
    return document


def _event(detection: Detection, at: str) -> dict[str, Any]:
    event = {
        "kind": "alert",
        "module": OURS,
        "dataset": DATASET,
        "provider": OURS,
        "id": detection.uid,
        "severity": severity_of(detection.probability),
        "risk_score": round(100 * detection.probability, 2),
        "created": at,
        "ingested": at,  # the ingest pipeline, where there is one, writes its own
    }
    return event | ({"reason": detection.explanation} if detection.explanation else {})


def _ours(detection: Detection) -> dict[str, Any]:
    source: dict[str, Any] = {"fields": dict(detection.fields)}
    with suppress(ValueError):  # an incident of another connector is named otherwise
        source["index"], source["id"] = place_of(detection.incident_uid)
    if detection.at is not None:
        source["timestamp"] = detection.at.astimezone(UTC).isoformat()
    ours = {
        "task": detection.task,
        "label": detection.label,
        "labels": list(detection.labels or (detection.label,)),
        "prediction_probability": detection.probability,
        "threshold": detection.threshold,
        "detection": {"uid": detection.uid},
        "incident": {"uid": detection.incident_uid},
        "model": {"name": detection.task, "digest": detection.model_digest},
        "top_classes": [
            {"label": name, "probability": value} for name, value in detection.top_classes
        ],
        "source": source,
    }
    return ours | ({"explanation": detection.explanation} if detection.explanation else {})


def _threat(technique: re.Match[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": [technique[1]]}
    if technique[2]:
        found["subtechnique"] = {"id": [technique[0]]}
    return {"framework": "MITRE ATT&CK", "technique": found}


def _place(document: dict[str, Any], path: list[str], value: Any) -> None:  # noqa: ANN401 - JSON
    """Put a field of the event where ECS has it; what is there already stays."""
    level: Any = document
    for name in path[:-1]:
        level = level.setdefault(name, {})
        if not isinstance(level, dict):
            return
    level.setdefault(path[-1], value)

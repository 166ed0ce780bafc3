"""A detection as a document in ECS: what an analyst's SIEM promotes to an alert."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_search.config import DATASET
from sftsec_search.documents import place_of
from sftsec_search.sources import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sftsec_core.api.domain import Detection

ECS_VERSION = "8.11.0"
_TECHNIQUE = re.compile(r"^(T\d{4})(\.\d{3})?$")
# Elastic's own scale: low, medium, high, critical.
_SEVERITIES = ((0.95, 99), (0.8, 73), (0.5, 47))
_LOW = 21
_DIGEST_SHOWN = 12
_NO_FIELDS: Mapping[str, Any] = {}
_CATEGORY = "intrusion_detection"  # ECS's for another system's alerts; the event's own comes first
_VENDORS = "kibana."  # an alert's own fields; the rule that promotes the detection writes them


def severity_of(probability: float) -> int:
    """The severity that Elastic's rules map: 21 low, 47 medium, 73 high, 99 critical."""
    return next((value for floor, value in _SEVERITIES if probability >= floor), _LOW)


def document_of(
    detection: Detection,
    *,
    namespace: str,
    now: datetime,
    event: Mapping[str, Any] = _NO_FIELDS,
) -> dict[str, Any]:
    """Write a detection as a nested document.

    The event's own fields stand at their ECS names, except where they would hide one of ours;
    `sftsec.source.fields` has all of them, not indexed, for the way back.

    Args:
        detection: what to write.
        namespace: of the data stream.
        now: when it is raised.
        event: fields of the event as the cluster has them, which stand before the detection's own:
            those are redacted.
    """
    at = now.astimezone(UTC).isoformat(timespec="milliseconds")
    document = {
        "@timestamp": at,
        "ecs": {"version": ECS_VERSION},
        # A rule may name its alerts by it: with a probability each would have a name of its own.
        "message": f"{detection.task}: {detection.label}",
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
    for name, value in event.items():
        _place(document, name.split("."), value)
    for name, value in detection.fields.items():
        if not name.startswith(_VENDORS):
            _place(document, name.split("."), _listed(value))
    _place(document, ["event", "category"], [_CATEGORY])
    return document


def _listed(value: Any) -> Any:  # noqa: ANN401 - JSON
    """A list again, where the task kept one as the text of it: `["srv-1"]`."""
    if not isinstance(value, str) or not value.startswith("[") or not value.endswith("]"):
        return value
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    return value if any(isinstance(each, dict | list) for each in found) else found


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

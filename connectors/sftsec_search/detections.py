"""A detection as a document in ECS: what an analyst's SIEM promotes to an alert."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_search.config import DATASET
from sftsec_search.documents import place_of
from sftsec_search.own import OURS

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
_LEVEL = "rule.level"
_MITRE = "rule.mitre.id"  # Wazuh's: the techniques that its rule is about
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
    fields = {name: _typed(name, value) for name, value in detection.fields.items()}
    about = [detection.label] if _TECHNIQUE.match(detection.label) else fields.get(_MITRE)
    if techniques := _techniques(about):
        document["threat"] = _threat(techniques)
    for name, value in event.items():
        _place(document, name.split("."), value)
    for name, value in fields.items():
        if not name.startswith(_VENDORS):
            _place(document, name.split("."), value)
    _place(document, ["event", "category"], [_CATEGORY])
    return document


def _typed(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON
    """A field that a task keeps comes as text: a list is one again, Wazuh's level a number."""
    if not isinstance(value, str):
        return value
    is_list = value.startswith("[") and value.endswith("]")
    if not is_list and name != _LEVEL:
        return value
    try:
        found: Any = orjson.loads(value) if is_list else int(value)
    except ValueError:
        return value
    if isinstance(found, list) and any(isinstance(each, dict | list) for each in found):
        return value
    return found


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
    return event | ({"reason": detection.explanation.text} if detection.explanation else {})


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
    why = detection.explanation
    if why is not None:
        ours |= {"explanation": why.text, "contributions": why.contributions()}
    return ours


def _techniques(names: object) -> list[re.Match[str]]:
    """The names that are techniques of MITRE ATT&CK."""
    several = names if isinstance(names, list) else [names]
    return [found for each in several if (found := _TECHNIQUE.match(str(each)))]


def _threat(techniques: list[re.Match[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": list(dict.fromkeys(each[1] for each in techniques))}
    if below := [each[0] for each in techniques if each[2]]:
        found["subtechnique"] = {"id": below}
    return {"framework": "MITRE ATT&CK", "technique": found}


def _place(document: dict[str, Any], path: list[str], value: Any) -> None:  # noqa: ANN401 - JSON
    """Put a field of the event where ECS has it; what is there already stays."""
    level: Any = document
    for name in path[:-1]:
        level = level.setdefault(name, {})
        if not isinstance(level, dict):
            return
    level.setdefault(path[-1], value)

"""A scored row as an event of the index `sftsec`, as sftsec's connector writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sftsec_app.portable import (
    DetectionRecord,
    EventScore,
    detection_event,
    detection_id,
    event_fields,
    event_time,
)
from sftsec_app.rows import Row

SOURCETYPE, SOURCE = "sftsec:detection", "sftsec"


def row_detection(result: EventScore, uid: str, task: str, row: Row) -> dict[str, Any]:
    """The event of a row's detection.

    Args:
        result: its score.
        uid: the name of the row's incident.
        task: of sftsec.yaml.
        row: names to values.
    """
    return detection_event(
        DetectionRecord(
            detection_id(result.model, uid, result.inputs_digest),
            uid,
            task,
            result.label,
            result.probability,
            result.threshold,
            result.model,
            result.reason,
            event_time(row),
            event_fields(row),
            result.labels,
        )
    )


def event_text(event: Mapping[str, Any], now: float) -> str:
    """One line of JSON; `time` is the first name, where props.conf reads `_time`."""
    return f'{{"time": {now:.3f}, {json.dumps(event, ensure_ascii=False)[1:]}'

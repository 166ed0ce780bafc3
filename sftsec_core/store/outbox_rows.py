"""A detection as a row of the outbox: what is asked for has a column, the rest is packed JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, bindparam, cast, select, update

from sftsec_core.api.domain import Detection, Explanation
from sftsec_core.store import dialects
from sftsec_core.store.canonical import plain
from sftsec_core.store.columns import clean_text
from sftsec_core.store.tables import outbox

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from sftsec_core.store.database import Database

_BATCH = 500
DETECTION = (
    outbox.c.uid,
    outbox.c.task,
    outbox.c.model,
    outbox.c.incident_uid,
    outbox.c.label,
    outbox.c.detection,
)


def columns_of(detection: Detection) -> dict[str, Any]:
    """The values of the columns in `DETECTION`."""
    uid = clean_text(detection.incident_uid)
    # A name that a column cannot hold is kept to the letter in the JSON.
    odd = {} if uid == detection.incident_uid else {"incident_uid": detection.incident_uid}
    rest = {
        **odd,
        "probability": detection.probability,
        "threshold": detection.threshold,
        "top_classes": [list(one) for one in detection.top_classes],
        "at": detection.at and detection.at.astimezone(UTC).isoformat(),
        "labels": list(detection.labels),
        # `plain`: a field of a type that JSON lacks must not hold up the page for ever.
        "fields": plain(detection.fields),
        "explanation": detection.explanation and detection.explanation.to_json(),
    }
    return {
        "uid": detection.uid,
        "task": detection.task,
        "model": detection.model_digest,
        "incident_uid": uid,
        "label": clean_text(detection.label),
        "detection": rest,
    }


def detection_of(row: RowMapping) -> Detection:
    """The detection that a row with the columns in `DETECTION` is of."""
    stored = row["detection"]
    if "uid" in stored:  # of an earlier version, which kept all of it in the JSON
        return _earlier_detection(row, stored)
    at = stored["at"]
    return Detection(
        uid=row["uid"],
        incident_uid=stored.get("incident_uid") or row["incident_uid"],
        task=row["task"],
        model_digest=row["model"],
        label=row["label"],
        probability=stored["probability"],
        threshold=stored["threshold"],
        top_classes=_classes(stored),
        at=at and datetime.fromisoformat(at),
        fields=stored["fields"],
        explanation=stored["explanation"] and Explanation.from_json(stored["explanation"]),
        labels=tuple(stored["labels"]),
    )


def _earlier_detection(row: RowMapping, stored: dict[str, Any]) -> Detection:
    """Its columns may be empty; rows of before detections had a set of labels have none."""
    at = stored["at"] and datetime.fromisoformat(stored["at"])
    known = {"task": row["task"], "label": row["label"], "model_digest": row["model"], **stored}
    labels = tuple(known.get("labels", (known["label"],)))
    return Detection(**{**known, "at": at, "labels": labels, "top_classes": _classes(stored)})


def _classes(stored: dict[str, Any]) -> tuple[tuple[str, float], ...]:
    return tuple((label, probability) for label, probability in stored["top_classes"])


def pack_outbox(database: Database) -> int:
    """Pack the rows of earlier versions, a batch a transaction; others write meanwhile.

    Returns:
        How many there were.

    Raises:
        IntegrityError: when one is encrypted with another key, or was changed.
    """
    after = done = 0
    while True:
        query = select(outbox.c.id, *DETECTION).where(outbox.c.id > after, _OBJECT)
        with database.writing() as connection:
            rows = connection.execute(query.order_by(outbox.c.id).limit(_BATCH)).mappings().all()
            old = [row for row in rows if "uid" in row["detection"]]
            if old:
                connection.execute(_REWRITE, [_rewritten(row) for row in old])
        done += len(old)
        if not rows:
            break
        after = rows[-1]["id"]
    if done:
        dialects.forget_deleted(database.engine)
    return done


# Packed JSON is a text, as JSON; an encrypted object is looked into.
_OBJECT = cast(outbox.c.detection, Text).startswith("{")
_REWRITTEN = ("model", "incident_uid", "label", "detection")
_REWRITE = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values({name: bindparam(f"new_{name}") for name in _REWRITTEN})
)


def _rewritten(row: RowMapping) -> dict[str, Any]:
    values = columns_of(detection_of(row))
    return {"row_id": row["id"], **{f"new_{name}": values[name] for name in _REWRITTEN}}

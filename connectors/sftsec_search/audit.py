"""An entry of the audit log as a document."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from sftsec_search.config import AUDIT_DATASET
from sftsec_search.detections import ECS_VERSION
from sftsec_search.own import OURS

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.domain import AuditEntry


def audit_document_of(entry: AuditEntry, *, namespace: str, now: datetime) -> dict[str, Any]:
    """Write an entry as a nested document in ECS.

    Args:
        entry: what was done.
        namespace: of the data stream.
        now: when it is written.
    """
    task = entry.object.partition("/")[0]
    concerns = {
        "task": task if "/" in entry.object else None,
        "run": {"id": entry.details.get("run")} if entry.details.get("run") else None,
        "model": {"digest": entry.details["digest"]} if "digest" in entry.details else None,
    }
    ours = {name: value for name, value in concerns.items() if value is not None}
    return {
        "@timestamp": entry.at.astimezone(UTC).isoformat(),
        "ecs": {"version": ECS_VERSION},
        "message": f"{entry.actor}: {entry.action} {entry.object}",
        "data_stream": {"type": "logs", "dataset": AUDIT_DATASET, "namespace": namespace},
        "event": {
            "kind": "event",
            "module": OURS,
            "dataset": AUDIT_DATASET,
            "action": entry.action,
            "id": entry.hash,
            "sequence": entry.seq,
            "hash": entry.hash,
            "ingested": now.astimezone(UTC).isoformat(timespec="milliseconds"),
        },
        "user": {"name": entry.actor},
        "sftsec": {**ours, "audit": {"target": entry.object, "details": dict(entry.details)}},
    }

"""An entry of the audit log as a document, and the end of the copy that the cluster holds."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import AuditAnchor
from sftsec_search.config import AUDIT_DATASET
from sftsec_search.detections import ECS_VERSION
from sftsec_search.own import OURS

if TYPE_CHECKING:
    from datetime import datetime

    from sftsec_core.api.domain import AuditEntry
    from sftsec_search.pull import Cluster

_COPIES = 10  # of one number in a log there should be one
_SEQUENCE = {"event.sequence": {"order": "desc", "unmapped_type": "long"}}


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
        "sftsec": {**ours, "audit": _audit_of(entry)},
    }


def _audit_of(entry: AuditEntry) -> dict[str, Any]:
    log = {"log": entry.log} if entry.log else {}
    return {**log, "target": entry.object, "details": dict(entry.details)}


def last_audit(cluster: Cluster, log: str) -> AuditAnchor | None:
    """Read the entries with the highest number of one log; None where the cluster has none.

    Raises:
        ConnectorUnavailableError, AccessError, RequestError: as a pull.
    """
    body = {
        "query": {"term": {"sftsec.audit.log": log}},
        "sort": [_SEQUENCE],
        "size": _COPIES,
        "track_total_hits": False,
        "_source": ["event.sequence", "event.hash"],
    }
    found = cluster.retry(lambda: cluster.client.search(body, cluster.config.audit))
    events = [hit["_source"]["event"] for hit in found["hits"]["hits"]]
    if not events:
        return None
    seq = int(events[0]["sequence"])
    return AuditAnchor(seq, sorted({e["hash"] for e in events if int(e["sequence"]) == seq}))

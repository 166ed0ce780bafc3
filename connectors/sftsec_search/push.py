"""Detections into the data stream, each once, also after a rollover."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sftsec_core.api.domain import PushReceipt
from sftsec_search.audit import audit_document_of
from sftsec_search.bulk import Bulk
from sftsec_search.client import json_line
from sftsec_search.detections import document_of
from sftsec_search.fetch import existing_ids
from sftsec_search.own import sealed

if TYPE_CHECKING:
    from sftsec_core.api.domain import AuditEntry, Detection
    from sftsec_search.pull import Cluster


def push(cluster: Cluster, bulk: Bulk, detections: Sequence[Detection]) -> PushReceipt:
    """Create a document for each detection that the data stream does not have.

    A data stream refuses an `_id` twice only within its current backing index, so what older
    ones hold is looked up first.

    Raises:
        ConnectorUnavailableError: when the cluster did not answer up to the bound; repeat the
            call.
        AccessError, RequestError: when nothing can be written at all.
    """
    config = cluster.config
    by_uid = {each.uid: each for each in detections}
    old = existing_ids(cluster.client, cluster.retry, config.detections, list(by_uid))
    now = cluster.clock()
    lines = {
        uid: json_line(
            sealed(document_of(each, namespace=config.namespace, now=now), cluster.ownership)
        )
        for uid, each in by_uid.items()
        if uid not in old
    }
    done = bulk.create(lines)
    return PushReceipt(tuple(done.written), (*sorted(old), *done.existing), tuple(done.rejected))


def push_audit(cluster: Cluster, bulk: Bulk, entries: Sequence[AuditEntry]) -> PushReceipt:
    """Create a document for each entry of the audit log that the data stream does not have.

    Raises:
        ConnectorUnavailableError, AccessError, RequestError: as `push`.
    """
    namespace, now = cluster.config.namespace, cluster.clock()
    old = existing_ids(cluster.client, cluster.retry, bulk.index, [each.hash for each in entries])
    lines = {
        each.hash: json_line(audit_document_of(each, namespace=namespace, now=now))
        for each in entries
        if each.hash not in old
    }
    done = bulk.create(lines)
    return PushReceipt(tuple(done.written), (*sorted(old), *done.existing), tuple(done.rejected))

"""Detections into the data stream, each once, also after a rollover."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import PushReceipt
from sftsec_core.sdk.errors import RequestError
from sftsec_core.sdk.fields import select_fields
from sftsec_core.sdk.records import UnusableError, flatten
from sftsec_search.audit import audit_document_of
from sftsec_search.bulk import Bulk
from sftsec_search.client import json_line
from sftsec_search.detections import document_of
from sftsec_search.documents import is_place
from sftsec_search.fetch import Fetcher, existing_ids
from sftsec_search.own import sealed

if TYPE_CHECKING:
    from sftsec_core.api.domain import AuditEntry, Detection
    from sftsec_search.pull import Cluster

log = logging.getLogger(__name__)


def push(
    cluster: Cluster, bulk: Bulk, detections: Sequence[Detection], shown: Sequence[str] = ()
) -> PushReceipt:
    """Create a document for each detection that the data stream does not have.

    A data stream refuses an `_id` twice only within its current backing index, so what older
    ones hold is looked up first.

    Args:
        cluster: where to write.
        bulk: into the data stream.
        detections: what to write.
        shown: fields of their events that stand on them as they are in the cluster.

    Raises:
        ConnectorUnavailableError: when the cluster did not answer up to the bound; repeat the
            call.
        AccessError, RequestError: when nothing can be written at all.
    """
    config = cluster.config
    by_uid = {each.uid: each for each in detections}
    old = existing_ids(cluster.client, cluster.retry, config.detections, list(by_uid))
    new = {uid: each for uid, each in by_uid.items() if uid not in old}
    events = event_fields(cluster, [each.incident_uid for each in new.values()], shown)
    now = cluster.clock()
    lines = {
        uid: json_line(
            sealed(
                document_of(
                    each,
                    namespace=config.namespace,
                    now=now,
                    event=events.get(each.incident_uid, {}),
                ),
                cluster.ownership,
            )
        )
        for uid, each in new.items()
    }
    done = bulk.create(lines)
    return PushReceipt(tuple(done.written), (*sorted(old), *done.existing), tuple(done.rejected))


def event_fields(
    cluster: Cluster, uids: Sequence[str], names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return fields of events by the events' uids; those that are gone or not ours are left out.

    Raises:
        ConnectorUnavailableError: when the cluster did not answer up to the bound.
    """
    ours = [uid for uid in dict.fromkeys(uids) if is_place(uid)] if names else []
    if not ours:
        return {}
    renames = cluster.renames
    wanted = [*names, *(there for name in names for there in renames.there(name))]
    try:
        hits, _ = Fetcher(cluster.client, cluster.retry)(ours, list(dict.fromkeys(wanted)))
    except RequestError as error:  # an index that may not be read: of another cluster, say
        log.info("detections are written without fields of their events: %s", error)
        return {}
    found = {}
    for uid, hit in hits.items():
        with suppress(UnusableError):
            flat = flatten(hit.get("_source") or {}, cluster.config.max_depth)
            found[uid] = select_fields(renames.apply(flat), names)
    return found


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

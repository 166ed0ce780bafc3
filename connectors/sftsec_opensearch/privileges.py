"""What the credentials may do, found by trying: OpenSearch tells a user no privileges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.errors import AccessError, RequestError
from sftsec_search.client import json_line
from sftsec_search.setup import exists

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sftsec_search.client import SearchClient

# By an index's settings it is told from another one that had its name; without that right a build
# reads it whole.
_SETTINGS = "indices:monitor/settings/get"
READ = ("read", _SETTINGS)
WRITE = ("read", "write", "indices:admin/data_stream/get", "indices:admin/mappings/get", _SETTINGS)
CLUSTER = ("cluster_monitor", "indices:data/write/bulk")
_FORBIDDEN = 403


def missing(client: SearchClient, reads: Sequence[str], writes: Sequence[str]) -> Iterator[str]:
    """Try to read and to write; nothing is changed.

    Args:
        client: the cluster.
        reads: index names or patterns that are read.
        writes: those that documents go to.

    Yields:
        One line for each that is refused, then one with the role that grants all of it.
    """
    refused = [] if _may_monitor(client) else ["no right to monitor the cluster"]
    refused += [f"no right to read {name}" for name in reads if not _may_read(client, name)]
    refused += [f"no right to write to {name}" for name in writes if not _may_write(client, name)]
    yield from refused
    if refused:
        yield f"this role grants what is needed: {json.dumps(role(reads, writes))}"


def _may_monitor(client: SearchClient) -> bool:
    try:
        client.request("GET", "/_nodes/_local/stats/process")
    except AccessError:
        return False
    return True


def _may_read(client: SearchClient, name: str) -> bool:
    try:
        if pit := client.open_pit(name, "10s"):
            client.close_pit(pit)
        client.request("POST", f"/{name}/_search", body={"size": 0})
        client.request("GET", f"/{name}/_field_caps", params={"fields": "@timestamp"})
    except AccessError:
        return False
    except RequestError:
        return True  # it is not there: another line says so
    return True


def _may_write(client: SearchClient, name: str) -> bool:
    """Send what is authorised like any document, and then refused, whatever the mapping is."""
    lines = [json_line({"create": {}}), json_line({"_id": "no document may hold this field"})]
    try:
        if not (exists(client, f"/_data_stream/{name}") or exists(client, f"/{name}/_mapping")):
            return True  # another line says so; the probe would make a plain index of the name
        # No pipeline, which might mend the document.
        params = {"pipeline": "_none"}
        found = client.request("POST", f"/{name}/_bulk", params=params, lines=lines)
    except AccessError:
        return False
    return all(item["status"] != _FORBIDDEN for each in found["items"] for item in each.values())


def role(reads: Sequence[str], writes: Sequence[str]) -> dict[str, Any]:
    """The body of `PUT /_plugins/_security/api/roles/sftsec` that grants what is needed."""
    return {
        "cluster_permissions": list(CLUSTER),
        "index_permissions": [
            {"index_patterns": list(reads), "allowed_actions": list(READ)},
            {"index_patterns": list(writes), "allowed_actions": list(WRITE)},
        ],
    }

"""What the credentials may do, found by trying: OpenSearch tells a user no privileges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sftsec_search.engine import json_line
from sftsec_search.errors import AccessError, RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sftsec_search.engine import Engine

READ = ("read", "indices:admin/mappings/get", "indices:monitor/point_in_time/segments")
WRITE = ("create_index", "write", "read", "indices:admin/get", "indices:admin/mappings/get")
_FORBIDDEN = 403


def missing(engine: Engine, reads: Sequence[str], writes: Sequence[str]) -> Iterator[str]:
    """Try to read and to write; nothing is changed.

    Args:
        engine: the cluster.
        reads: index names or patterns that are read.
        writes: those that documents go to.

    Yields:
        One line for each that is refused, then one with the role that grants all of it.
    """
    refused = [f"no right to read {name}" for name in reads if not _may_read(engine, name)]
    refused += [f"no right to write to {name}" for name in writes if not _may_write(engine, name)]
    yield from refused
    if refused:
        yield f"this role grants what is needed: {json.dumps(role(reads, writes))}"


def _may_read(engine: Engine, name: str) -> bool:
    try:
        engine.close_pit(engine.open_pit(name, "10s"))
        engine.request("POST", f"/{name}/_search", body={"size": 0})
    except AccessError:
        return False
    except RequestError:
        return True  # it is not there: another line says so
    return True


def _may_write(engine: Engine, name: str) -> bool:
    """Send what is authorised like any document, and then refused: it asks for an alias."""
    lines = [json_line({"create": {"_id": "sftsec-check"}}), json_line({"@timestamp": 0})]
    try:
        found = engine.request(
            "POST", f"/{name}/_bulk", params={"require_alias": "true"}, lines=lines
        )
    except AccessError:
        return False
    return all(item["status"] != _FORBIDDEN for each in found["items"] for item in each.values())


def role(reads: Sequence[str], writes: Sequence[str]) -> dict[str, Any]:
    """The body of `PUT /_plugins/_security/api/roles/sftsec` that grants what is needed."""
    return {
        "cluster_permissions": [
            "cluster_composite_ops",
            "cluster_monitor",
            "indices:data/read/point_in_time/create",
            "indices:data/read/point_in_time/delete",
        ],
        "index_permissions": [
            {"index_patterns": list(reads), "allowed_actions": list(READ)},
            {"index_patterns": list(writes), "allowed_actions": list(WRITE)},
        ],
    }

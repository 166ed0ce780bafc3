"""Which privileges the connector needs, which of them it lacks, and the role that grants them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sftsec_search.client import SearchClient

READ = ("read", "view_index_metadata")
WRITE = ("create_doc", "auto_configure", "read", "view_index_metadata")


def missing(
    client: SearchClient, needs: Mapping[str, Sequence[str]], cluster: Sequence[str]
) -> Iterator[str]:
    """Ask the cluster which of the privileges the credentials have.

    Args:
        client: the cluster.
        needs: index name or pattern to the privileges that are needed on it.
        cluster: privileges on the cluster.

    Yields:
        One line for each index that lacks some, then one with the role that grants all of them.
    """
    asked = [{"names": [name], "privileges": list(some)} for name, some in needs.items()]
    found = client.request(
        "POST", "/_security/user/_has_privileges", body={"cluster": list(cluster), "index": asked}
    )
    if found.get("has_all_requested"):
        return
    lacking = sorted(name for name, has in found.get("cluster", {}).items() if not has)
    if lacking:
        yield f"no privilege {', '.join(lacking)} on the cluster"
    for name, granted in found.get("index", {}).items():
        wanting = sorted(each for each, has in granted.items() if not has)
        if wanting:
            yield f"no privilege {', '.join(wanting)} on {name}"
    yield f"this role grants what is needed: {json.dumps(role(needs, cluster))}"


def missing_from_cluster(client: SearchClient, privilege: str) -> Iterator[str]:
    """Yield a privilege on the cluster where the credentials lack it."""
    body = {"cluster": [privilege]}
    try:
        found = client.request("POST", "/_security/user/_has_privileges", body=body)
    except RequestError as error:
        if error.status not in {400, 405}:  # security is switched off: everything is allowed
            raise
        return
    if not found.get("has_all_requested"):
        yield privilege


def role(needs: Mapping[str, Sequence[str]], cluster: Sequence[str]) -> dict[str, Any]:
    """The body of `PUT /_security/role/sftsec` that grants the needs."""
    return {
        "cluster": list(cluster),
        "indices": [{"names": [name], "privileges": list(some)} for name, some in needs.items()],
    }

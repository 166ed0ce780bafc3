"""Questions that several tests of the engines ask."""

from __future__ import annotations

from tests.servers.engines.server import SearchServer


def count(server: SearchServer, index: str) -> int:
    status, found = server.call("GET", f"/{index}/_search?size=0")
    assert status == 200, found
    hits: int = found["hits"]["total"]["value"]
    return hits


def answers(server: SearchServer) -> bool:
    try:
        return server.call("GET", "/")[0] == 200
    except OSError:
        return False

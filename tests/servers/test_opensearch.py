"""OpenSearch with security: users and roles."""

from __future__ import annotations

from dataclasses import replace

from tests.servers.engines.counting import count
from tests.servers.engines.server import SearchServer, own_names
from tests.servers.opensearch import opensearch_secure_server

__all__ = ["opensearch_secure_server"]


class TestRoles:
    def test_grant_their_permissions_alone(
        self,
        opensearch_secure_server: SearchServer,
    ) -> None:
        server, api = opensearch_secure_server, "/_plugins/_security/api"
        with own_names(server) as fresh:
            index, name, password = fresh("alerts"), fresh("reader"), "Correct-horse-7"
            server.call("PUT", f"/{index}")
            rights = {
                "index_permissions": [{"index_patterns": [index], "allowed_actions": ["read"]}]
            }
            assert (
                server.call("PUT", f"{api}/internalusers/{name}", {"password": password})[0] == 201
            )
            assert server.call("PUT", f"{api}/roles/{name}", rights)[0] == 201
            assert server.call("PUT", f"{api}/rolesmapping/{name}", {"users": [name]})[0] == 201
            reader = replace(server, username=name, password=password)
            assert count(reader, index) == 0
            assert reader.call("PUT", f"/{index}/_doc/1", {})[0] == 403
            for kind in ("rolesmapping", "roles", "internalusers"):
                server.call("DELETE", f"{api}/{kind}/{name}")

"""OpenSearch with security: users and roles."""

from __future__ import annotations

from dataclasses import replace

from tests.connectors.opensearch.users import change_security
from tests.servers.engines.counting import count
from tests.servers.engines.server import SearchServer, own_names
from tests.servers.opensearch import opensearch_secure_server

__all__ = ["opensearch_secure_server"]


class TestRoles:
    def test_grant_their_permissions_alone(
        self,
        opensearch_secure_server: SearchServer,
    ) -> None:
        server = opensearch_secure_server
        with own_names(server) as fresh:
            index, name, password = fresh("alerts"), fresh("reader"), "Correct-horse-7"
            server.call("PUT", f"/{index}")
            rights = {
                "index_permissions": [{"index_patterns": [index], "allowed_actions": ["read"]}]
            }
            user = {"password": password}
            assert change_security(server, "PUT", f"internalusers/{name}", user) == 201
            assert change_security(server, "PUT", f"roles/{name}", rights) == 201
            assert change_security(server, "PUT", f"rolesmapping/{name}", {"users": [name]}) == 201
            reader = replace(server, username=name, password=password)
            assert count(reader, index) == 0
            assert reader.call("PUT", f"/{index}/_doc/1", {})[0] == 403
            for kind in ("rolesmapping", "roles", "internalusers"):
                change_security(server, "DELETE", f"{kind}/{name}")

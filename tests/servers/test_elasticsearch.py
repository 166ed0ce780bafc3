"""Elasticsearch: API keys."""

from __future__ import annotations

from dataclasses import replace

from tests.servers.elasticsearch import elasticsearch_server
from tests.servers.engines.server import SearchServer, own_names

__all__ = ["elasticsearch_server"]


class TestApiKeys:
    def test_grant_their_privileges_alone(
        self,
        elasticsearch_server: SearchServer,
    ) -> None:
        with own_names(elasticsearch_server) as fresh:
            index = fresh("alerts")
            elasticsearch_server.call("PUT", f"/{index}")
            role = {"indices": [{"names": [index], "privileges": ["read"]}]}
            wish = {"name": index, "role_descriptors": {"reader": role}}
            status, key = elasticsearch_server.call("POST", "/_security/api_key", wish)
            assert status == 200, key
            may = {"index": [{"names": [index], "privileges": ["read", "write"]}]}
            reader = replace(elasticsearch_server, api_key=key["encoded"])
            status, told = reader.call("POST", "/_security/user/_has_privileges", may)
            assert (status, told["index"][index]) == (200, {"read": True, "write": False})
            elasticsearch_server.call("DELETE", "/_security/api_key", {"ids": [key["id"]]})

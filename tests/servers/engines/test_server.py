"""Engines shared by a session: their documents, and names that a test owns."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.servers.elasticsearch import elasticsearch_server
from tests.servers.engines.certificates import make_certificates
from tests.servers.engines.counting import count
from tests.servers.engines.server import SearchServer, own_names
from tests.servers.opensearch import opensearch_secure_server, opensearch_server

__all__ = ["elasticsearch_server", "opensearch_secure_server", "opensearch_server"]

ALL = ["elasticsearch_server", "opensearch_server", "opensearch_secure_server"]
SECURE = ["elasticsearch_server", "opensearch_secure_server"]


@pytest.fixture
def server(request: pytest.FixtureRequest) -> SearchServer:
    found: SearchServer = request.getfixturevalue(request.param)
    return found


class TestSearchServer:
    @pytest.mark.parametrize("server", ALL, indirect=True)
    def test_describes_itself_and_keeps_documents(self, server: SearchServer) -> None:
        status, about = server.call("GET", "/")
        assert (status, about["version"]["build_snapshot"]) == (200, False)
        with own_names(server) as fresh:
            index = fresh("alerts")
            lines = '{"index": {}}\n{"message": "one"}\n{"index": {}}\n{"message": "two"}\n'
            status, answer = server.call("POST", f"/{index}/_bulk?refresh=true", lines)
            assert (status, answer["errors"]) == (200, False)
            assert count(server, index) == 2

    @pytest.mark.parametrize("server", ALL, indirect=True)
    def test_names_of_a_test_end_with_it(self, server: SearchServer) -> None:
        with own_names(server) as others:
            other = others("alerts")
            server.call("PUT", f"/{other}")
            with own_names(server) as fresh:
                index, hidden, stream = fresh("alerts"), fresh(".alerts"), fresh("logs-own")
                template = {"index_patterns": [stream], "data_stream": {}, "priority": 500}
                assert server.call("PUT", f"/_index_template/{stream}", template)[0] == 200
                assert server.call("PUT", f"/{index}")[0] == 200
                assert server.call("PUT", f"/{hidden}", {"settings": {"hidden": True}})[0] == 200
                assert server.call("PUT", f"/_data_stream/{stream}")[0] == 200
                document = {"@timestamp": "2026-01-01T00:00:00Z"}
                assert server.call("POST", f"/{stream}/_create/1", document)[0] == 201
                assert server.call("POST", f"/{stream}/_create/1", document)[0] == 409
            for path in (index, hidden, f"_data_stream/{stream}", f"_index_template/{stream}"):
                assert server.call("GET", f"/{path}")[0] == 404, path
            assert server.call("GET", f"/{other}")[0] == 200

    @pytest.mark.parametrize("server", SECURE, indirect=True)
    def test_a_secured_one_refuses_unknown_users(
        self, server: SearchServer, tmp_path: Path
    ) -> None:
        stranger = replace(server, password="not the password")
        assert stranger.call("GET", "/")[0] == 401
        make_certificates(tmp_path)
        wary = replace(server, ca_file=tmp_path / "ca.pem")
        with pytest.raises(URLError) as refused:
            wary.call("GET", "/")
        assert isinstance(refused.value.reason, ssl.SSLCertVerificationError)

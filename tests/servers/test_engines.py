"""The engines that other tests stand on: each has what those tests take for granted."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.servers.elasticsearch import elasticsearch_server, start_elasticsearch
from tests.servers.engines.certificates import make_certificates
from tests.servers.engines.engine import Engine
from tests.servers.engines.server import SearchServer, own_names
from tests.servers.engines.shared import shared_engine
from tests.servers.opensearch import (
    distribution,
    opensearch_secure_server,
    opensearch_server,
    start_opensearch,
)

__all__ = ["elasticsearch_server", "opensearch_secure_server", "opensearch_server"]

ALL = ["elasticsearch_server", "opensearch_server", "opensearch_secure_server"]
SECURE = ["elasticsearch_server", "opensearch_secure_server"]
STARTERS = [
    start_elasticsearch,
    partial(start_opensearch, security=False),
    partial(start_opensearch, security=True),
]
_HOLDER = """\
import sys, time
from pathlib import Path
from tests.servers.engines.shared import shared_engine
with shared_engine("opensearch", Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def server(request: pytest.FixtureRequest) -> SearchServer:
    found: SearchServer = request.getfixturevalue(request.param)
    return found


def count(server: SearchServer, index: str) -> int:
    status, found = server.call("GET", f"/{index}/_search?size=0")
    assert status == 200, found
    hits: int = found["hits"]["total"]["value"]
    return hits


@pytest.mark.parametrize("server", ALL, indirect=True)
def test_an_engine_says_what_it_is_and_keeps_documents(server: SearchServer) -> None:
    status, about = server.call("GET", "/")
    assert (status, about["version"]["build_snapshot"]) == (200, False)
    with own_names(server) as fresh:
        index = fresh("alerts")
        lines = '{"index": {}}\n{"message": "one"}\n{"index": {}}\n{"message": "two"}\n'
        status, answer = server.call("POST", f"/{index}/_bulk?refresh=true", lines)
        assert (status, answer["errors"]) == (200, False)
        assert count(server, index) == 2


@pytest.mark.parametrize("server", ALL, indirect=True)
def test_what_a_test_makes_under_its_own_names_is_gone_after_it(server: SearchServer) -> None:
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
def test_a_secured_engine_refuses_strangers_and_other_authorities(
    server: SearchServer, tmp_path: Path
) -> None:
    stranger = replace(server, password="not the password")
    assert stranger.call("GET", "/")[0] == 401
    make_certificates(tmp_path)
    wary = replace(server, ca_file=tmp_path / "ca.pem")
    with pytest.raises(URLError) as refused:
        wary.call("GET", "/")
    assert isinstance(refused.value.reason, ssl.SSLCertVerificationError)


def test_elasticsearch_gives_api_keys_that_may_do_what_they_say(
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


def test_opensearch_gives_users_the_rights_of_their_roles(
    opensearch_secure_server: SearchServer,
) -> None:
    server, api = opensearch_secure_server, "/_plugins/_security/api"
    with own_names(server) as fresh:
        index, name, password = fresh("alerts"), fresh("reader"), "Correct-horse-7"
        server.call("PUT", f"/{index}")
        rights = {"index_permissions": [{"index_patterns": [index], "allowed_actions": ["read"]}]}
        assert server.call("PUT", f"{api}/internalusers/{name}", {"password": password})[0] == 201
        assert server.call("PUT", f"{api}/roles/{name}", rights)[0] == 201
        assert server.call("PUT", f"{api}/rolesmapping/{name}", {"users": [name]})[0] == 201
        reader = replace(server, username=name, password=password)
        assert count(reader, index) == 0
        assert reader.call("PUT", f"/{index}/_doc/1", {})[0] == 403
        for kind in ("rolesmapping", "roles", "internalusers"):
            server.call("DELETE", f"{api}/{kind}/{name}")


@pytest.mark.slow
@pytest.mark.parametrize("start", STARTERS, ids=["elasticsearch", "opensearch", "secure"])
def test_an_engine_of_ones_own_has_its_data_and_address_after_a_crash(
    start: Callable[[], AbstractContextManager[Engine]],
) -> None:
    with start() as engine:
        assert engine.call("PUT", "/alerts/_doc/1?refresh=true", {"message": "one"})[0] == 201
        engine.kill()
        with pytest.raises(OSError, match="refused"):
            engine.call("GET", "/")
        engine.start()
        assert count(engine, "alerts") == 1
        engine.stop()
        with pytest.raises(OSError, match="refused"):
            engine.call("GET", "/")
        folder = engine.node.folder
    assert not folder.exists()


@pytest.mark.slow
def test_processes_share_an_engine_that_ends_with_the_last_of_them(
    tmp_path: Path, root: Path
) -> None:
    distribution(security=False)
    with shared_engine("opensearch", tmp_path) as server:
        command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
        with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            assert other.stdout.readline().strip() == server.url
            os.kill(other.pid, signal.SIGKILL)  # it can tell nobody that it ends
    deadline = time.monotonic() + 60
    while answers(server):
        assert time.monotonic() < deadline, "nobody uses it and it still answers"
        time.sleep(0.1)
    with shared_engine("opensearch", tmp_path) as again:
        assert answers(again)


def answers(server: SearchServer) -> bool:
    try:
        return server.call("GET", "/")[0] == 200
    except OSError:
        return False

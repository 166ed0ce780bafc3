"""Deadlines and bounds of connections, seen from real sockets."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sftsec_core.server.endpoint import LIMITED_LOGS, Endpoint
from tests.core.server.site import PATIENCE_S, TOKEN, Client, Site, running

HEAD_S = 0.3
# A request with a token and without its body: it has its place until the body is late.
UNENDED = b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
UNENDED += b"Authorization: Bearer %b\r\nExpect: 100-continue\r\n\r\n" % TOKEN.encode()


@pytest.fixture(autouse=True)
def _no_earlier_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint of other tests in this process writes each line once a minute, for all."""
    for name in LIMITED_LOGS:
        monkeypatch.setattr(logging.getLogger(name), "filters", [])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site.make(tmp_path_factory.mktemp("site"))
    yield made
    made.context.close()


@pytest.fixture
def client(site: Site) -> Iterator[Client]:
    settings = site.settings(max_connections=3, head_timeout=HEAD_S, body_timeout=HEAD_S)
    with running(Endpoint(site.context, settings)) as made:
        yield made


def connect(client: Client) -> socket.socket:
    place = urlsplit(client.url)
    return socket.create_connection((place.hostname, place.port), timeout=PATIENCE_S)


def begin(connection: socket.socket) -> None:
    """Send a request up to its body, for which the server asks then."""
    connection.sendall(UNENDED)
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")


def rest(connection: socket.socket) -> bytes:
    """What the server sends until it closes the connection; fails when it does not in time."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


class TestDeadlines:
    def test_an_idle_connection_is_closed(self, client: Client) -> None:
        started = time.monotonic()
        with connect(client) as idle:
            assert rest(idle) == b""
        assert HEAD_S / 2 < time.monotonic() - started < PATIENCE_S / 2

    def test_half_a_head_gets_408(self, client: Client) -> None:
        with connect(client) as slow:
            slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
            reply = rest(slow)
        assert reply.startswith(b"HTTP/1.1 408 ")
        assert b"the head did not arrive within 0.3 s" in reply

    def test_the_second_head_has_one_too(self, client: Client) -> None:
        with connect(client) as slow:
            slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HT")
            reply = rest(slow)
        assert [part[:3] for part in reply.split(b"HTTP/1.1 ")[1:]] == [b"200", b"408"]

    def test_a_body_that_no_one_reads(self, client: Client) -> None:
        """Its rest is dropped after a rejected token, but not without end."""
        with connect(client) as slow:
            slow.sendall(b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nx")
            assert rest(slow).startswith(b"HTTP/1.1 401 ")

    def test_complete_requests_are_not_closed(self, client: Client) -> None:
        with closing(client.connect()) as kept:
            for _ in range(3):
                kept.request("GET", "/healthz")
                assert kept.getresponse().read() == b'{"status":"alive"}'
            kept.sock.settimeout(2 * HEAD_S)
            with pytest.raises(TimeoutError):
                kept.sock.recv(1)


class TestTwoLengths:
    def test_end_the_connection_at_once(self, client: Client) -> None:
        head = b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        smuggled = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        with connect(client) as both:
            both.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled)
            reply = rest(both)
        assert reply.startswith(b"HTTP/1.1 400 ")
        assert reply.count(b"HTTP/1.1") == 1
        assert b"either Content-Length or Transfer-Encoding" in reply


class TestBounds:
    def test_connections_past_the_limit_get_503(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        with ExitStack() as opened:
            for _ in range(3):
                begin(opened.enter_context(connect(client)))
            replies = [client.get("/healthz") for _ in range(5)]
        assert {(each.status, each.headers["retry-after"]) for each in replies} == {(503, "1")}
        assert "too many connections are open" in replies[0].detail
        told = [each for each in caplog.records if "answered with 503" in each.getMessage()]
        assert [each.levelno for each in told] == [logging.WARNING]

    def test_many_idle_sockets_do_not_stop_it(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        with ExitStack() as opened:
            idle = [opened.enter_context(connect(client)) for _ in range(300)]
            for each in idle:
                assert ended(each)
            assert client.get("/healthz").status == 200
        assert 0 < len(caplog.records) < 10

    @pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\n"])
    def test_waiting_connection_ends_for_a_request(
        self, site: Site, sent: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings = site.settings(max_connections=3, head_timeout=60, body_timeout=60)
        with running(Endpoint(site.context, settings)) as client, ExitStack() as opened:
            kept = opened.enter_context(connect(client))
            begin(kept)
            for _ in range(60):
                opened.enter_context(connect(client)).sendall(sent)
            assert [client.get("/healthz").status for _ in range(9)] == [200] * 9
            kept.sendall(b"012345678")
            assert kept.recv(100).startswith(b"HTTP/1.1 400 ")
        assert "connections without a request were closed for others" in caplog.text

    def test_waiting_handshake_ends_for_a_request(self, site: Site, certificates: Path) -> None:
        pem = {"certificate": certificates / "node.pem", "key": certificates / "node.key"}
        settings = site.settings(**pem, max_connections=3, head_timeout=60)
        endpoint = Endpoint(site.context, settings)
        with running(endpoint, certificates / "ca.pem") as client, ExitStack() as opened:
            for _ in range(60):
                opened.enter_context(connect(client))
            assert [client.get("/healthz").status for _ in range(5)] == [200] * 5

    def test_late_tls_handshakes_are_closed(self, site: Site, certificates: Path) -> None:
        pem = {"certificate": certificates / "node.pem", "key": certificates / "node.key"}
        endpoint = Endpoint(site.context, site.settings(**pem, head_timeout=HEAD_S))
        with running(endpoint) as client, connect(client) as idle:
            assert ended(idle)


def ended(connection: socket.socket) -> bool:
    """Whether the server closes the connection without a word."""
    try:
        return rest(connection) == b""
    except ConnectionResetError:
        return True

"""Bodies without a length, connections that are kept or lost, and the end of the server."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress
from http.client import HTTPConnection, RemoteDisconnected
from time import monotonic, sleep
from urllib.parse import urlsplit

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

_STREAM = "/services/receivers/stream"


def connect(splunk: Splunkd) -> HTTPConnection:
    return HTTPConnection(urlsplit(splunk.url).netloc, timeout=10)


def streamed(splunk: Splunkd, caller: Caller, query: str, pieces: Iterable[bytes]) -> bytes:
    """Send to the stream receiver up to the end of the connection; what was answered."""
    parts = urlsplit(splunk.url)
    head = f"POST {_STREAM}?{query} HTTP/1.1\r\nHost: here\r\n"
    head += f"Authorization: {caller.headers['Authorization']}\r\n\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as sender:
        sender.sendall(head.encode())
        with suppress(OSError):
            for piece in pieces:
                sender.sendall(piece)
            sender.shutdown(socket.SHUT_WR)
        return sender.recv(1000)


class TestStream:
    def test_is_an_event_for_each_line(self, splunk: Splunkd, caller: Caller) -> None:
        pieces = [b"one\ntw", b"o\n\n", "drei ü\n".encode()]
        assert streamed(splunk, caller, "index=risk&sourcetype=lines", pieces) == b""
        deadline = monotonic() + 10
        while len(splunk.events("risk")) < 3 and monotonic() < deadline:
            sleep(0.01)
        found = splunk.events("risk")
        assert [each.raw for each in found] == ["one", "two", "drei ü"]
        assert {each.origin.sourcetype for each in found} == {"lines"}

    def test_is_refused_before_it_is_read(self, splunk: Splunkd, caller: Caller) -> None:
        assert b" 400 " in streamed(splunk, caller, "index=none", [])
        caller.headers["Authorization"] = "Splunk nonsense"
        assert b" 401 " in streamed(splunk, caller, "index=risk", [])


class TestBody:
    def test_may_come_in_chunks(self, splunk: Splunkd, caller: Caller) -> None:
        connection = connect(splunk)
        path = "/services/receivers/simple?index=risk"
        connection.request(
            "POST", path, iter([b"a=1 ", b"b=2"]), caller.headers, encode_chunked=True
        )
        assert connection.getresponse().status == 200
        connection.close()
        assert [each.raw for each in splunk.events("risk")] == ["a=1 b=2"]


class TestConnection:
    def test_is_kept_unless_asked_otherwise(self, splunk: Splunkd, caller: Caller) -> None:
        connection = connect(splunk)
        for extra, kept in (({}, True), ({}, True), ({"Connection": "close"}, False)):
            connection.request("GET", "/services/messages", headers={**caller.headers, **extra})
            answer = connection.getresponse()
            answer.read()
            assert (answer.status, connection.sock is not None) == (200, kept)
        connection.close()

    def test_is_lost_after_the_work(self, splunk: Splunkd, caller: Caller) -> None:
        splunk.faults.lost_after = "messages"
        form = {"name": "n", "value": "v"}
        with pytest.raises(RemoteDisconnected):
            caller.call("POST", "/services/messages", form)
        assert [each.name for each in splunk.entities.of("messages")] == ["n"]
        assert caller.call("POST", "/services/messages", form)[0] == 201

    def test_ends_with_its_server(self) -> None:
        with start_splunkd(tls=False) as splunk:
            connection = connect(splunk)
            connection.request("GET", "/services/server/info")
            connection.getresponse().read()
            assert connection.sock is not None
            connection.sock.settimeout(10)
        assert connection.sock.recv(1) == b""
        connection.close()


class TestRequests:
    def test_are_noted_and_indexed(self, splunk: Splunkd, caller: Caller) -> None:
        splunk.requests.clear()
        caller.call("GET", "/services/messages?count=1")
        assert splunk.requests == ["GET /services/messages admin"]
        last = splunk.events("_internal")[-1]
        assert last.raw.endswith('"GET /services/messages?count=1 HTTP/1.1" 200')

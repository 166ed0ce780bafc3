"""The relay passes requests on until it is taken away, and again afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

import pytest

from tests.servers.relay import Relay


class _Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def relay() -> Iterator[Relay]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with closing(Relay(f"http://127.0.0.1:{server.server_port}/base")) as relay:
            yield relay
        server.shutdown()


def test_requests_go_through_with_their_path(relay: Relay) -> None:
    with urlopen(f"{relay.url}/x") as answer:  # noqa: S310 - on loopback
        assert answer.read() == b"/base/x"


def test_connections_break_while_it_is_away(relay: Relay) -> None:
    with relay.away(), pytest.raises(OSError):  # noqa: PT011 - reset or refused, as it comes
        urlopen(relay.url)  # noqa: S310 - on loopback
    with urlopen(relay.url) as answer:  # noqa: S310 - on loopback
        assert answer.read() == b"/base"

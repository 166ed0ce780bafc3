"""An answer ends at its bound, whatever a server sends and however it is packed."""

from __future__ import annotations

import gzip
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from urllib3 import HTTPConnectionPool

from sftsec_core.sdk.errors import TooLargeError
from sftsec_search.bounded import BoundedPool

LIMIT = 1 << 20


@contextmanager
def answering(body: bytes, **headers: str) -> Iterator[tuple[BoundedPool, list[int]]]:
    """A server that gives one answer again and again; the ports that it was asked from."""
    ports: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            ports.append(self.client_address[1])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    pool = BoundedPool(HTTPConnectionPool("127.0.0.1", server.server_address[1], maxsize=1), LIMIT)
    try:
        yield pool, ports
    finally:
        pool.close()
        server.shutdown()
        server.server_close()
        thread.join()


class TestAnswer:
    @pytest.mark.parametrize("size", [0, 1, LIMIT])
    def test_up_to_the_bound_is_whole(self, size: int) -> None:
        with answering(b"x" * size) as (pool, ports):
            for _ in range(2):
                answer = pool.urlopen("GET", "/")
                assert (answer.status, len(answer.data)) == (200, size)
        assert len(set(ports)) == 1, "the connection is used again"

    def test_past_the_bound_is_refused(self) -> None:
        with answering(b"x" * (4 * LIMIT)) as (pool, ports):
            for _ in range(2):
                with pytest.raises(TooLargeError, match="larger than 1,048,576 bytes"):
                    pool.urlopen("GET", "/")
        assert len(set(ports)) == 2, "a connection with a rest on it is not used again"

    def test_is_measured_when_unpacked(self) -> None:
        packed = gzip.compress(b"x" * (50 * LIMIT))
        assert len(packed) < LIMIT
        with (
            answering(packed, Content_Encoding="gzip") as (pool, _),
            pytest.raises(TooLargeError),
        ):
            pool.urlopen("GET", "/", headers={"Accept-Encoding": "gzip"})


class TestDeprecation:
    def test_is_logged_and_taken_out(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, "sftsec_search.bounded")
        with answering(b"{}", Warning="299 - this is old", X_Other="stays") as (pool, _):
            headers = pool.urlopen("GET", "/").headers
        assert "warning" not in headers
        assert headers["x-other"] == "stays"
        assert "the cluster warns: 299 - this is old" in caplog.text

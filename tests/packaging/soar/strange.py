"""A TLS server that gives what neither the service nor Splunk would, and notes what it is sent."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Gives:
    """An answer.

    Attributes:
        body: of it.
        status: of it.
        headers: of it; a Content-Length of its own stands instead of the right one.
        pause_s: before each byte of the body.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pause_s: float = 0.0


@dataclass(frozen=True)
class Asked:
    """What it was asked."""

    method: str
    path: str
    token: str
    document: Any


@contextmanager
def strange_server(
    certificates: Path, answer: Callable[[Asked], Gives], host: str = "127.0.0.1"
) -> Iterator[tuple[str, list[Asked]]]:
    """Its address, and what it is asked as it comes in."""
    asked: list[Asked] = []
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            token = self.headers.get("Authorization", "")
            asked.append(Asked(self.command, self.path, token, json.loads(body or b"null")))
            given = answer(asked[-1])
            headers = {"Content-Length": str(len(given.body)), **given.headers}
            self.send_response(given.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self._write(given)

        do_POST = do_GET  # noqa: N815 - the name that the module looks for

        def _write(self, given: Gives) -> None:
            pieces = [given.body] if not given.pause_s else [bytes([each]) for each in given.body]
            try:
                for piece in pieces:
                    over.wait(given.pause_s)
                    self.wfile.write(piece)
            except OSError:
                self.close_connection = True  # the other side has given up: that is the test

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that does not trust the certificate hangs up."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "node.pem", certificates / "node.key")
    with Server((host, 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"https://{host}:{server.server_address[1]}", asked
        finally:
            over.set()
            server.shutdown()
            thread.join()

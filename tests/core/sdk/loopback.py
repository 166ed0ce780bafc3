"""A real HTTP server on loopback that notes what it is asked and answers as a test says."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Asked:
    """One request as the server saw it; `connection` is the client's port."""

    method: str
    path: str
    headers: Message
    body: bytes
    connection: int


@dataclass
class Loopback:
    """The server.

    Attributes:
        answer: writes the answer to a request.
    """

    url: str = ""
    requests: list[Asked] = field(default_factory=list)
    answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: send(handler, b"ok")


def send(
    handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str | int
) -> None:
    """Write a whole answer."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(headers.pop("length", len(body))))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()
    handler.wfile.write(body)


def stay_silent(handler: BaseHTTPRequestHandler) -> None:
    """Read the request and answer too late."""
    time.sleep(1)
    send(handler, b"late")


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Read the request and close the connection without an answer."""
    handler.close_connection = True


@contextmanager
def loopback_server(certificates: Path | None = None) -> Iterator[Loopback]:
    """Serve on a free port; with certificates, by TLS."""
    loopback = Loopback()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            asked = (self.command, self.path, self.headers, self.rfile.read(length))
            loopback.requests.append(Asked(*asked, self.client_address[1]))
            loopback.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the tests' output clean."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that refuses a certificate or an answer is what the tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if certificates is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "node.pem", certificates / "node.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    loopback.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""HTTP itself: reading requests, chunked answers, and connections that are lost on demand."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import time
from collections.abc import Iterable, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from tests.servers.splunkd import hec
from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.events import Origin
from tests.servers.splunkd.rest import auth, indexes, router
from tests.servers.splunkd.rest.formats import render_messages
from tests.servers.splunkd.rest.messages import Request, Response
from tests.servers.splunkd.state import Splunkd

_PIECE = 1 << 16
_STREAM = ["receivers", "stream"]
_ACCESS = Origin(
    "_internal",
    "splunk-double",
    "/opt/splunk/var/log/splunk/splunkd_access.log",
    "splunkd_access",
)


def _plain(headers: Message) -> Mapping[str, str]:
    """The headers; a name is found in any spelling."""
    return cast("Mapping[str, str]", headers)


class Server(ThreadingHTTPServer):
    """One port; connections that break are no news."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], handler: type[Handler], tls: ssl.SSLContext | None
    ) -> None:
        self.tls = tls
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        # The handshake is the connection's own business, and must not hold up the others.
        if self.tls is not None:
            try:
                request = self.tls.wrap_socket(request, server_side=True)
            except OSError:
                return
        self._open.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            self._open.discard(request)
            with contextlib.suppress(OSError):
                request.close()

    def server_close(self) -> None:
        """End the connections too: one that is kept alive would outlive its server."""
        super().server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """What both ports share."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Splunkd", ""
    # Head and body leave together, and do not wait for the client's acknowledgement.
    wbufsize, disable_nagle_algorithm = 1 << 16, True
    splunk: Splunkd

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""

    def answer(self, request: Request) -> Response | None:
        """The answer; None loses the connection without one."""
        raise NotImplementedError

    def _serve(self) -> None:
        try:
            request = Request.read(self.command, self.path, _plain(self.headers), b"")
        except RestError as refusal:
            body = self._body()
            request = Request(self.command, [], None, None, {}, _plain(self.headers), body)
            self._send(render_messages(request, refusal.status, [(refusal.kind, refusal.text)]))
            return
        if request.path == _STREAM and "Content-Length" not in self.headers:
            self._stream(request)
            return
        request.body = self._body()
        response = self.answer(request)
        if response is None or response.cut_after == -1:
            self._lose()
        else:
            self._send(response)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        length = self.headers.get("Content-Length") or "0"
        return self.rfile.read(int(length) if length.isdigit() else 0)

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0] or b"0", 16)
        piece = self.rfile.read(size)
        self.rfile.readline()
        return piece

    def _stream(self, request: Request) -> None:
        """Events line by line, until the sender closes the connection."""
        self.close_connection = True
        try:
            auth.let_in(self.splunk, request)
            origin: Origin = indexes.origin_of(self.splunk, request)
        except RestError as refusal:
            self._send(render_messages(request, refusal.status, [(refusal.kind, refusal.text)]))
            return
        indexes.stream(self.splunk, origin, b"".join(iter(self._piece, b"")))

    def _piece(self) -> bytes:
        try:
            return self.rfile.read1(_PIECE)
        except OSError:
            return b""

    def _send(self, response: Response) -> None:
        whole = response.body if isinstance(response.body, bytes) else None
        self.send_response(response.status)
        if response.status != 204:
            self.send_header("Content-Type", response.content_type)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("X-Content-Type-Options", "nosniff")
        if whole is None:
            self.send_header("Transfer-Encoding", "chunked")
        elif response.status != 204:
            self.send_header("Content-Length", str(len(whole)))
        if self.headers.get("Connection", "").lower() == "close":
            self.send_header("Connection", "Close")
            self.close_connection = True
        self.end_headers()
        if whole is not None:
            self._write(whole, response.cut_after)
        elif not isinstance(response.body, bytes):
            self._write_chunks(response.body, response.cut_after)

    def _write(self, body: bytes, cut_after: int | None) -> None:
        self.wfile.write(body if cut_after is None else body[:cut_after])
        if cut_after is not None and cut_after < len(body):
            self._lose()

    def _write_chunks(self, pieces: Iterable[bytes], cut_after: int | None) -> None:
        sent, held = 0, bytearray()
        for piece in pieces:
            held += piece
            if cut_after is not None and sent + len(held) >= cut_after:
                self._chunk_out(bytes(held[: cut_after - sent]))
                self._lose()
                return
            if len(held) >= _PIECE:
                self._chunk_out(bytes(held))
                sent += len(held)
                held.clear()
        self._chunk_out(bytes(held))
        self.wfile.write(b"0\r\n\r\n")

    def _chunk_out(self, piece: bytes) -> None:
        if piece:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def _lose(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)


class Management(Handler):
    """The management port."""

    def answer(self, request: Request) -> Response | None:
        splunk = self.splunk
        if splunk.faults.slow_s:
            time.sleep(splunk.faults.slow_s)
        if splunk.faults.takes("dropped"):
            return None
        status = splunk.faults.next_status("statuses")
        if status is not None:
            return render_messages(request, status, [("ERROR", "Service Unavailable")])
        response = router.answer(splunk, request)
        splunk.requests.append(f"{self.command} {self.path.partition('?')[0]} {request.user}")
        asked = f"{self.command} {self.path} HTTP/1.1"
        line = f'127.0.0.1 - {request.user or "-"} "{asked}" {response.status}'
        splunk.index_event(line, None, _ACCESS)
        lost = splunk.faults.loses(self.command, self.path.partition("?")[0])
        return None if lost else response


class Hec(Handler):
    """The event collector's port."""

    def answer(self, request: Request) -> Response | None:
        if self.splunk.faults.hec_slow_s:
            time.sleep(self.splunk.faults.hec_slow_s)
        return hec.serve(self.splunk, request)


def bind(splunk: Splunkd, handler: type[Handler]) -> type[Handler]:
    """A handler class that knows its splunkd."""
    return type(handler.__name__, (handler,), {"splunk": splunk})

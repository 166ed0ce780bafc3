"""One server, asked over a connection that is kept: status and body, or why there are none."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sftsec_app.errors import LinkError, one_line

_MOST_BYTES = 64 * 2**20
_PIECE = 2**16
# What a server does to a connection that it held for idle; nobody has read the request then.
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


@dataclass
class Answer:
    """What came back.

    Attributes:
        headers: by their names in small letters.
    """

    status: int
    headers: dict[str, str]
    body: bytes


class Link:
    """A server by its address."""

    def __init__(
        self,
        url: str,
        tls: ssl.SSLContext | None,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Connect when first asked.

        Args:
            url: scheme, host and port; a path is put before each request's.
            tls: whom to trust; None for plain http.
            timeout_s: for one answer, from its request to its last byte.
            headers: of each request; they are never shown.
        """
        place = urlsplit(url)
        self.name = f"{place.scheme}://{place.netloc}"
        self._host = place.hostname or ""
        self._port = place.port or (443 if tls else 80)
        self._path = place.path.rstrip("/")
        self._tls = tls
        self._timeout_s = timeout_s
        self._headers = dict(headers or {})
        self._connection: http.client.HTTPConnection | None = None

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask, and read the whole answer.

        Raises:
            LinkError: when there is none within the time, or the server cannot be trusted.
        """
        kept = self._connection is not None
        try:
            return self._ask(method, path, body, headers or {})
        except _STALE as error:
            self.close()
            if not kept:
                raise LinkError(f"{self.name} closed the connection without an answer") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise LinkError(self._why(error)) from error
        return self.call(method, path, body, headers)  # over a fresh connection

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        ends = time.monotonic() + self._timeout_s
        if self._connection is None:
            self._connection = self._made()
        self._connection.request(method, self._path + path, body, {**self._headers, **headers})
        answer = self._connection.getresponse()
        content = self._read(answer, ends)
        if answer.will_close:
            self.close()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, content)

    def _made(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout_s, context=self._tls
        )

    def _read(self, answer: http.client.HTTPResponse, ends: float) -> bytes:
        """The body, by pieces: a server that dribbles or never ends is given up."""
        pieces, size = [], 0
        while True:
            piece = answer.read1(_PIECE)
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
            if size > _MOST_BYTES:
                raise http.client.HTTPException(f"the answer is longer than {_MOST_BYTES} bytes")
            if time.monotonic() > ends:
                raise socket.timeout
        if size < int(answer.getheader("Content-Length") or 0):
            raise http.client.HTTPException("the answer breaks off")
        answer.close()  # or the connection would wait for more of it
        return b"".join(pieces)

    def _why(self, error: Exception) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            said = one_line(error.verify_message)
            return f"the certificate of {self.name} is not trusted ({said})"
        if isinstance(error, ssl.SSLError):
            return f"{self.name} does not speak TLS as it should ({one_line(error.reason)})"
        if isinstance(error, socket.timeout):
            return f"{self.name} did not answer within {self._timeout_s:g} s"
        if isinstance(error, ConnectionRefusedError):
            return f"nothing listens at {self.name}"
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return f"{self.name} cannot be asked ({one_line(words)})"

"""HTTP requests to one server over a connection that is kept open."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from sftsec_app.errors import NoResponseError
from sftsec_app.portable import HttpResponse, one_line

_MAX_BYTES = 64 * 2**20
_CHUNK = 2**16
# What a server does to a connection that it held for idle; it has not read the request then.
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class HttpConnection:
    """A server by its address."""

    def __init__(
        self,
        url: str,
        tls: ssl.SSLContext | None,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Connect at the first request.

        Args:
            url: scheme, host and port; its path is put before the path of each request.
            tls: the certificates to trust; None for plain http.
            timeout_s: for one response, from its request to its last byte.
            headers: of each request; they are never shown.
        """
        address = urlsplit(url)
        self.name = f"{address.scheme}://{address.netloc}"
        self._host = address.hostname or ""
        self._port = address.port or (443 if tls else 80)
        self._path = address.path.rstrip("/")
        self._tls = tls
        self._timeout_s = timeout_s
        self._headers = dict(headers or {})
        self._connection: http.client.HTTPConnection | None = None

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Send a request and read the whole response.

        Raises:
            NoResponseError: when there is none within the time, or the certificate is not trusted.
        """
        kept = self._connection is not None
        try:
            return self._send(method, path, body, headers or {})
        except _STALE as error:
            self.close()
            if not kept:
                raise NoResponseError(
                    f"{self.name} closed the connection without an answer"
                ) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoResponseError(self._cause(error)) from error
        return self.request(method, path, body, headers)  # over a new connection

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HttpResponse:
        deadline = time.monotonic() + self._timeout_s
        if self._connection is None:
            self._connection = self._connect()
        self._connection.request(method, self._path + path, body, {**self._headers, **headers})
        response = self._connection.getresponse()
        content = self._read(response, deadline)
        if response.will_close:
            self.close()
        names = {name.lower(): value for name, value in response.getheaders()}
        return HttpResponse(response.status, names, content)

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout_s, context=self._tls
        )

    def _read(self, response: http.client.HTTPResponse, deadline: float) -> bytes:
        """The body by chunks, so that a slow or endless response is given up in time."""
        chunks, size = [], 0
        while True:
            chunk = response.read1(_CHUNK)
            if not chunk:
                break
            chunks.append(chunk)
            size += len(chunk)
            if size > _MAX_BYTES:
                raise http.client.HTTPException(f"the answer is longer than {_MAX_BYTES} bytes")
            if time.monotonic() > deadline:
                raise socket.timeout
        if size < int(response.getheader("Content-Length") or 0):
            raise http.client.HTTPException("the answer breaks off")
        response.close()  # or the connection would wait for more of it
        return b"".join(chunks)

    def _cause(self, error: Exception) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            cause = one_line(error.verify_message)
            return f"the certificate of {self.name} is not trusted ({cause})"
        if isinstance(error, ssl.SSLError):
            return f"{self.name} does not speak TLS as expected ({one_line(error.reason)})"
        if isinstance(error, socket.timeout):
            return f"{self.name} did not answer within {self._timeout_s:g} s"
        if isinstance(error, ConnectionRefusedError):
            return f"nothing listens at {self.name}"
        cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return f"{self.name} cannot be reached ({one_line(cause)})"

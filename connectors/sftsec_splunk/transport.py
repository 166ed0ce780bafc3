"""One request over HTTP, bounded in time and size: for splunklib, and for the event collector.

splunklib's own handler has no timeout unless asked, and does not verify TLS by default.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_splunk.errors import LostAnswerError, TlsError, TooLargeError

if TYPE_CHECKING:
    from pathlib import Path

_PIECE = 1 << 16


class Body:
    """An answer's body as splunklib reads it, with a bound."""

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        place: str,
        limit: int,
    ) -> None:
        self._connection = connection
        self._response = response
        self._place = place
        self._left = limit

    def read(self, size: int | None = None) -> bytes:
        """Read all, or at most `size` bytes.

        Raises:
            TooLargeError: when the body passes the bound.
            ConnectorUnavailableError: when the connection is lost.
        """
        with faults(self._place, LostAnswerError):
            if size is not None:
                return self._counted(self._response.read(size))
            try:
                return b"".join(self._pieces())
            finally:
                self.close()

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._response.read(_PIECE):
            yield self._counted(piece)

    def _counted(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            raise TooLargeError("an answer of Splunk's is larger than max_page_bytes")
        return piece

    def close(self) -> None:
        """Let go of the connection; may be called twice."""
        self._response.close()
        self._connection.close()


class Transport:
    """A handler for `splunklib.binding.HttpLib`; each request has a connection of its own."""

    def __init__(self, ca_file: Path | None, timeout_s: float, limit: int) -> None:
        """Take what verifies certificates, and the bounds.

        Args:
            ca_file: authorities in PEM; None takes the system's.
            timeout_s: seconds of silence that end a request.
            limit: bytes of an answer.

        Raises:
            TlsError: when the file cannot be read.
        """
        try:
            self._tls = ssl.create_default_context(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise TlsError(f"ca_file {ca_file} holds no certificates: {error}") from None
        self._timeout = timeout_s
        self._limit = limit

    def __call__(self, url: str, message: Mapping[str, Any], **_: object) -> dict[str, Any]:
        """Send a request.

        Args:
            url: with its query.
            message: splunklib's: `method`, `headers` (pairs), `body` (bytes or str).

        Returns:
            splunklib's: `status`, `reason`, `headers` and `body`.

        Raises:
            ConnectorUnavailableError: when nobody takes the request.
            LostAnswerError: when somebody did, and the connection was lost before the answer.
            TlsError: when the certificate cannot be verified.
        """
        parts = urlsplit(url)
        body = message.get("body", b"")
        payload = body.encode() if isinstance(body, str) else body
        headers = {"Connection": "close", "Accept": "*/*", **dict(message["headers"])}
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = self._connect(parts.scheme, parts.netloc)
        with faults(parts.netloc, ConnectorUnavailableError):
            connection.connect()
        try:
            with faults(parts.netloc, LostAnswerError):
                connection.request(message.get("method", "GET"), target, payload or None, headers)
                response = connection.getresponse()
        except ConnectorError:
            connection.close()
            raise
        return {
            "status": response.status,
            "reason": response.reason,
            "headers": response.getheaders(),
            "body": Body(connection, response, parts.netloc, self._limit),
        }

    def _connect(self, scheme: str, place: str) -> http.client.HTTPConnection:
        if scheme == "https":
            return http.client.HTTPSConnection(place, timeout=self._timeout, context=self._tls)
        return http.client.HTTPConnection(place, timeout=self._timeout)


@contextmanager
def faults(place: str, kind: type[ConnectorUnavailableError]) -> Iterator[None]:
    """Make our errors of what a connection may raise.

    Args:
        place: host and port, for the message.
        kind: of the error for a lost connection.
    """
    try:
        yield
    except ssl.SSLCertVerificationError:
        raise TlsError(
            f"the certificate of {place} cannot be verified: set ca_file to the authority that "
            "signed it"
        ) from None
    except (OSError, http.client.HTTPException) as error:
        raise kind(f"Splunk at {place} does not answer ({type(error).__name__})") from None

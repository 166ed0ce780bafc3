"""The one HTTP client, for platforms that no vendor's client speaks to.

Connections are pooled and verified, each answer is bounded in time and size, redirects are never
followed, and what goes wrong is translated once. Nothing is retried here: see `sdk.retry`.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.sdk.errors import LostAnswerError, RequestError, TlsError, TooLargeError

Headers = Mapping[str, str] | Iterable[tuple[str, str]]
_PIECE = 1 << 16
_CONNECT_TIMEOUT_S = 10.0
_UNSENT = (NewConnectionError, ConnectTimeoutError)  # no byte has reached the platform
_POOLED = 4  # connections to one host that are kept


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer, read whole.

    Attributes:
        headers: pairs, in the server's order; a name may come twice.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class HttpClient:
    """Sends requests to one platform.

    Attributes:
        trust: what certificates are verified by.
    """

    def __init__(
        self,
        platform: str,
        *,
        ca_file: Path | None,
        timeout_s: float,
        max_bytes: int,
        connect_timeout_s: float = _CONNECT_TIMEOUT_S,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            platform: names it in errors: "Splunk".
            ca_file: authorities to trust (PEM), and no others; None takes the system's.
            timeout_s: seconds of silence that end a request.
            max_bytes: of an answer, unpacked.
            connect_timeout_s: seconds to connect, at most `timeout_s`.

        Raises:
            TlsError: when `ca_file` cannot be read.
        """
        self._platform = platform
        self._timeout = (min(connect_timeout_s, timeout_s), timeout_s)
        self._max_bytes = max_bytes
        self.trust = _trust(ca_file)
        self._session = _session(self.trust)

    def send(
        self, method: str, url: str, *, headers: Headers = (), body: bytes | str | None = None
    ) -> HttpAnswer:
        """Send one request once.

        Returns:
            The answer, whatever its status, but for a redirect.

        Raises:
            ConnectorUnavailableError: when no connection is made: nothing was sent.
            LostAnswerError: when a connection was made and no whole answer came: the request may
                have been carried out.
            TlsError: when the certificate cannot be verified.
            TooLargeError: when the answer passes the bound.
            RequestError: for a redirect, which is not followed.
        """
        with self._translated(url):
            response = self._session.request(
                method,
                url,
                headers=dict(headers),
                data=body or None,
                stream=True,
                timeout=self._timeout,
                allow_redirects=False,
            )
            with response:  # one that was not read to its end is closed, not used again
                self._refuse_redirect(response, url)
                content = self._read(response)
        pairs = tuple((str(k), str(v)) for k, v in response.raw.headers.items())
        return HttpAnswer(response.status_code, response.reason or "", pairs, content)

    def close(self) -> None:
        """Close the connections; may be called twice."""
        self._session.close()

    def _read(self, response: requests.Response) -> bytes:
        pieces: list[bytes] = []
        size = 0
        for piece in response.iter_content(_PIECE):
            size += len(piece)
            if size > self._max_bytes:
                raise TooLargeError(
                    f"an answer of {self._platform} is larger than {self._max_bytes:,} bytes"
                )
            pieces.append(piece)
        return b"".join(pieces)

    def _refuse_redirect(self, response: requests.Response, url: str) -> None:
        if response.is_redirect:
            # The credentials would go wherever the answer points.
            raise RequestError(
                f"{self._platform} at {urlsplit(url).netloc} redirects to another address "
                f"({response.status_code}), which is not followed: correct the URL",
                status=response.status_code,
            )

    @contextmanager
    def _translated(self, url: str) -> Iterator[None]:
        """Make our errors of the client's, whose messages may quote what was sent."""
        place = f"{self._platform} at {_place(url)}"
        try:
            yield
        except (requests.RequestException, HTTPError) as error:
            causes = list(_causes(error))
            kind = type(causes[-1]).__name__
            if any(isinstance(each, ssl.SSLCertVerificationError) for each in causes):
                raise TlsError(
                    f"the certificate of {place} cannot be verified: set ca_file to the authority "
                    "that signed it"
                ) from None
            if isinstance(error, ValueError):  # a header or an address that HTTP does not allow
                raise ConnectorError(f"a request to {place} cannot be sent ({kind})") from None
            unsent = any(isinstance(each, _UNSENT) for each in causes)
            lost = ConnectorUnavailableError if unsent else LostAnswerError
            raise lost(f"{place} does not answer ({kind})") from None


class _VerifyingAdapter(HTTPAdapter):
    """Trusts what it is given, and neither requests' own list of authorities nor an environment's.

    The trust is in the TLS context: there is nothing that turns verification off.
    """

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        super().__init__(pool_connections=_POOLED, pool_maxsize=_POOLED, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own
        super().init_poolmanager(*args, ssl_context=self._trust, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401 - requests' own
        """Add no authority to those of the context; requests would add its list of public ones."""
        del url, verify, cert
        conn.cert_reqs = "CERT_REQUIRED"


def _session(trust: ssl.SSLContext) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy, no authority and no password that only a file names
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"Accept": "*/*", "Accept-Encoding": "identity"})
    for scheme in ("https://", "http://"):
        session.mount(scheme, _VerifyingAdapter(trust))
    return session


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise TlsError(f"ca_file {ca_file} holds no certificates: {error}") from None


def _place(url: str) -> str:
    """Return host and port; a password that stands before them is left out."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Return an error and what is inside it, the innermost last."""
    seen: set[int] = set()
    current: Any = error
    while isinstance(current, BaseException) and id(current) not in seen:
        seen.add(id(current))
        yield current
        wrapped = [each for each in current.args if isinstance(each, BaseException)]
        inner = [getattr(current, "reason", None), *wrapped, current.__cause__, current.__context__]
        current = next((each for each in inner if isinstance(each, BaseException)), None)

"""One server, asked over HTTPS with a token: an answer whose size and time are bounded.

The certificate is verified always, chain and name. A redirect is not followed: the token goes to
the configured address and nowhere else.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from .errors import AppError, one_line

_MOST_BYTES = 8 * 2**20
_BEGIN = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True)
class Place:
    """Where a server is, and how it is asked.

    Attributes:
        what: for messages, "the scoring service".
        url: https, host and port; a path is put before each request's.
        token: for the header `Authorization`; never shown.
        ca: certificates in PEM to verify by; "" for what the system trusts.
        timeout_s: for one answer, from its request to its last byte.
        old_ca: whether to take an authority's certificate that lacks what RFC 5280 asks for.
    """

    what: str
    url: str
    token: str
    ca: str
    timeout_s: float
    old_ca: bool = False

    def __repr__(self) -> str:
        return f"Place({self.what}, {self.url})"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """The body; None where it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Server:
    """A connection to it; a context manager."""

    def __init__(self, place: Place) -> None:
        """Get ready; nobody is asked yet.

        Raises:
            AppError: when the address, the token or the certificates cannot be used.
        """
        _check(place)
        self._place = place
        self._client = httpx.Client(
            base_url=place.url.rstrip("/"),
            headers={"Authorization": f"Bearer {place.token}"},
            verify=_context(place),
            timeout=place.timeout_s,
            follow_redirects=False,
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        document: object = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask, and read the whole answer.

        Args:
            method: "GET" or "POST".
            path: from the configured address on.
            document: sent as JSON; None for none.
            params: of the query.

        Raises:
            AppError: when there is no answer within the time, or the server cannot be trusted.
        """
        ends = time.monotonic() + self._place.timeout_s
        content = None if document is None else json.dumps(document).encode()
        headers = {"Content-Type": "application/json"} if content else {}
        try:
            with self._client.stream(
                method, path, content=content, params=params, headers=headers
            ) as answer:
                body = b"".join(self._pieces(answer, ends))
                return Answer(answer.status_code, dict(answer.headers), body)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise AppError(self._why(error)) from None

    def _pieces(self, answer: httpx.Response, ends: float) -> Iterator[bytes]:
        """The body by pieces: a server that dribbles or never ends is given up."""
        size = 0
        for piece in answer.iter_bytes():
            size += len(piece)
            if size > _MOST_BYTES:
                raise AppError(f"{self._name} answered more than {_MOST_BYTES} bytes")
            if time.monotonic() > ends:
                raise httpx.ReadTimeout("")
            yield piece

    @property
    def _name(self) -> str:
        return f"{self._place.what} at {self._place.url}"

    def _why(self, error: Exception) -> str:
        tls = _tls_error(error)
        if isinstance(tls, ssl.SSLCertVerificationError):
            said = one_line(tls.verify_message)
            return f"the certificate of {self._name} is not trusted ({said}): look at the asset"
        if tls is not None:
            return f"{self._name} does not speak TLS as it should ({one_line(tls.reason)})"
        if isinstance(error, httpx.TimeoutException):
            return f"{self._name} did not answer within {self._place.timeout_s:g} s"
        if isinstance(error, httpx.ConnectError):
            return f"{self._name} cannot be reached ({one_line(error)}): look at the asset"
        return f"{self._name} cannot be asked ({one_line(error) or type(error).__name__})"


def _check(place: Place) -> None:
    try:
        address = urlsplit(place.url)
        usable = address.scheme == "https" and bool(address.hostname) and address.port != 0
        plain = not (address.username or address.query or address.fragment)
    except ValueError:
        usable = plain = False
    if not (usable and plain):
        raise AppError(f"the address of {place.what} must be https://host:port: look at the asset")
    if not place.token or not all("!" <= character <= "~" for character in place.token):
        raise AppError(f"the token of {place.what} is missing or unusable: look at the asset")
    if place.timeout_s <= 0:
        raise AppError("the timeout must be more than 0 seconds: look at the asset")


def _context(place: Place) -> ssl.SSLContext:
    if place.ca and _BEGIN not in place.ca:
        raise AppError(f"the certificate authority of {place.what} is no PEM: look at the asset")
    try:
        context = ssl.create_default_context(cadata=place.ca or None)
    except (ssl.SSLError, ValueError):
        raise AppError(
            f"the certificate authority of {place.what} cannot be read: look at the asset"
        ) from None
    if place.old_ca:
        # Python 3.13 wants extensions that the authority of an older Splunk does not have.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None

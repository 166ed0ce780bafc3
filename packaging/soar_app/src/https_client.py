"""HTTPS requests with a token to one server; a response is bounded in size and time.

Every certificate is verified, chain and name. A redirect is not followed: the token goes to the
configured address and nowhere else.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from .portable import AppError, HttpResponse, one_line

_MAX_BYTES = 8 * 2**20
_BEGIN = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True)
class ServerAddress:
    """The address of a server and how to connect to it.

    Attributes:
        name: for messages, "the scoring service".
        url: https, host and port; its path is put before the path of each request.
        token: for the header `Authorization`; never shown.
        ca: certificates in PEM to verify by; "" for those that the system trusts.
        timeout_s: for one response, from its request to its last byte.
        old_ca: whether to accept an authority's certificate that lacks what RFC 5280 requires.
    """

    name: str
    url: str
    token: str
    ca: str
    timeout_s: float
    old_ca: bool = False

    def __repr__(self) -> str:
        return f"ServerAddress({self.name}, {self.url})"


class HttpsClient:
    """A connection to a server; a context manager."""

    def __init__(self, address: ServerAddress) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            AppError: when the address, the token or the certificates cannot be used.
        """
        _check(address)
        self._address = address
        self._client = httpx.Client(
            base_url=address.url.rstrip("/"),
            headers={"Authorization": f"Bearer {address.token}"},
            verify=_context(address),
            timeout=address.timeout_s,
            follow_redirects=False,
        )

    def __enter__(self) -> HttpsClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def request(
        self,
        method: str,
        path: str,
        document: object = None,
        params: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Send a request and read the whole response.

        Args:
            method: "GET" or "POST".
            path: appended to the configured address.
            document: sent as JSON; None for none.
            params: of the query.

        Raises:
            AppError: when there is no response within the time, or the certificate is not trusted.
        """
        deadline = time.monotonic() + self._address.timeout_s
        content = None if document is None else json.dumps(document).encode()
        headers = {"Content-Type": "application/json"} if content else {}
        try:
            with self._client.stream(
                method, path, content=content, params=params, headers=headers
            ) as response:
                body = b"".join(self._chunks(response, deadline))
                return HttpResponse(response.status_code, dict(response.headers), body)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise AppError(self._cause(error)) from None

    def _chunks(self, response: httpx.Response, deadline: float) -> Iterator[bytes]:
        """The body by chunks, so that a slow or endless response is given up in time."""
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > _MAX_BYTES:
                raise AppError(f"{self._name} answered more than {_MAX_BYTES} bytes")
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout("")
            yield chunk

    @property
    def _name(self) -> str:
        return f"{self._address.name} at {self._address.url}"

    def _cause(self, error: Exception) -> str:
        tls = _tls_error(error)
        if isinstance(tls, ssl.SSLCertVerificationError):
            cause = one_line(tls.verify_message)
            return f"the certificate of {self._name} is not trusted ({cause}): check the asset"
        if tls is not None:
            return f"{self._name} does not speak TLS as expected ({one_line(tls.reason)})"
        if isinstance(error, httpx.TimeoutException):
            return f"{self._name} did not answer within {self._address.timeout_s:g} s"
        if isinstance(error, httpx.ConnectError):
            return f"{self._name} cannot be reached ({one_line(error)}): check the asset"
        return f"{self._name} gave no whole answer ({one_line(error) or type(error).__name__})"


def _check(address: ServerAddress) -> None:
    try:
        parts = urlsplit(address.url)
        usable = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
        plain = not (parts.username or parts.query or parts.fragment)
    except ValueError:
        usable = plain = False
    if not (usable and plain):
        raise AppError(f"the address of {address.name} must be https://host:port: check the asset")
    if not address.token or not all("!" <= character <= "~" for character in address.token):
        raise AppError(f"the token of {address.name} is missing or unusable: check the asset")
    if address.timeout_s <= 0:
        raise AppError("the timeout must be more than 0 seconds: check the asset")


def _context(address: ServerAddress) -> ssl.SSLContext:
    if address.ca and _BEGIN not in address.ca:
        raise AppError(f"the certificate authority of {address.name} is no PEM: check the asset")
    try:
        context = ssl.create_default_context(cadata=address.ca or None)
    except (ssl.SSLError, ValueError):
        raise AppError(
            f"the certificate authority of {address.name} cannot be read: check the asset"
        ) from None
    if address.old_ca:
        # Python 3.13 requires extensions that the authority of an older Splunk lacks.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None

"""Splunk's REST API through its own SDK: one way to send a request, errors told apart."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import orjson

from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_core.sdk.errors import AccessError, RequestError
from sftsec_core.sdk.http import HttpClient
from sftsec_core.sdk.portable import one_line
from sftsec_core.sdk.retry import RetryPolicy

if TYPE_CHECKING:
    from sftsec_splunk.config import SplunkConfig

# The SDK would log requests with the documents in them.
logging.getLogger("splunklib").setLevel(logging.ERROR)

_BUSY = frozenset({429, 502, 503, 504})
_UNKNOWN_USER, _FORBIDDEN, _NO_CONTENT = 401, 403, 204
_JSON_BODY = ("Content-Type", "application/json")


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        path: from `/services` or `/servicesNS` on, quoted.
        query: of the address.
        form: of the body; or else `document`, a JSON value.
    """

    method: str
    path: str
    query: Mapping[str, Any]
    form: Mapping[str, Any] | None = None
    document: Any = None


class Splunk:
    """A splunkd, by `splunklib.binding.Context`, logged in when that is needed."""

    def __init__(self, config: SplunkConfig) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            TlsError: when `ca_file` cannot be read.
        """
        self._config = config
        self._http = HttpClient(
            "Splunk",
            ca_file=config.ca_file,
            timeout_s=config.timeout.total_seconds(),
            max_bytes=config.max_page_bytes,
        )
        self._context: Any = None
        self.retry = RetryPolicy(config.retry_timeout)

    # --- requests

    def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401 - JSON
        """Read something; asked again while Splunk does not answer.

        Raises:
            ConnectorUnavailableError: when it did not answer up to the bound.
            AccessError: for 401 and 403.
            RequestError: for any other refusal.
            TooLargeError: when the answer passes the bound.
        """
        return self.retry(lambda: self.send(Request("GET", path, query)))

    def send(self, request: Request) -> Any:  # noqa: ANN401 - JSON
        """Send a request once, and again only where it was not carried out: the session is over.

        Returns:
            The answer, read as JSON; None where there is none yet (204).

        Raises:
            ConnectorUnavailableError: when Splunk does not answer, or is too busy. What was sent
                may have been carried out.
            AccessError, RequestError, TooLargeError: as `get`.
        """
        fresh = self._context is None
        try:
            return self._once(request)
        except AccessError as error:
            if error.status != _UNKNOWN_USER or fresh or self._config.token is not None:
                raise
        self._context = None  # a session ends after an hour, or with a restart
        return self._once(request)

    def _once(self, request: Request) -> Any:  # noqa: ANN401 - JSON
        from splunklib.binding import HTTPError

        query = {"output_mode": "json", **request.query}
        try:
            answer = self._sent(self._opened(), request, query)
            body = answer.body.read()
        except HTTPError as error:  # its message may quote what was sent
            raise to_error(error.status, error.body) from None
        if answer.status == _NO_CONTENT:
            return None
        try:
            return read_json(body or b"null")
        except ValueError:
            raise RequestError(
                f"what answers at {self._config.url} is no splunkd: see to `url`", status=0
            ) from None

    def _sent(self, context: Any, request: Request, query: Mapping[str, Any]) -> Any:  # noqa: ANN401 - splunklib's
        if request.method == "GET":
            return context.get(request.path, **query)
        if request.method == "DELETE":
            return context.delete(request.path, **query)
        if request.document is not None:
            body = orjson.dumps(request.document, option=orjson.OPT_NON_STR_KEYS)
            return context.post(request.path, headers=[_JSON_BODY], body=body, **query)
        return context.post(request.path, **{**query, **(request.form or {})})

    def _opened(self) -> Any:  # noqa: ANN401 - splunklib's
        """The context, logged in."""
        if self._context is None:
            from splunklib.binding import Context

            config, parts = self._config, urlsplit(self._config.url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            place = {"scheme": parts.scheme, "host": parts.hostname, "port": port}
            if config.token is not None:
                made = Context(self._handle, **place, splunkToken=config.token.reveal())
            else:
                assert config.password is not None  # noqa: S101 - the configuration has checked
                made = Context(
                    self._handle,
                    **place,
                    username=config.username,
                    password=config.password.reveal(),
                )
                made.login()
            self._context = made
        return self._context

    def _handle(self, url: str, message: Mapping[str, Any], **_: object) -> dict[str, Any]:
        """Send a request of splunklib's: its own handler has no timeout and verifies nothing."""
        method, body = message.get("method", "GET"), message.get("body", b"")
        answer = self._http.send(method, url, headers=message["headers"], body=body)
        return {
            "status": answer.status,
            "reason": answer.reason,
            "headers": list(answer.headers),
            "body": BytesIO(answer.body),
        }

    def close(self) -> None:
        """Forget the session and close the connections; may be called twice."""
        self._context = None
        self._http.close()

    # --- paths

    def searches(self, *segments: str) -> str:
        """A path in the namespace of the searches."""
        return path_of("servicesNS", self._config.owner, self._config.app, *segments)


def path_of(*segments: str) -> str:
    """A path; what a segment holds is quoted.

    splunklib quotes a plain string again, so that this gives what it takes as it is.
    """
    from splunklib.binding import UrlEncoded

    path = "/" + "/".join(quote(each, safe="") for each in segments)
    encoded: str = UrlEncoded(path, skip_encode=True)
    return encoded


def read_json(raw: bytes) -> Any:  # noqa: ANN401 - JSON
    r"""Read JSON, with any text in an event.

    Half of a surrogate pair (`\ud800`), and bytes that are no UTF-8, become question marks: one
    such event must not refuse the whole answer.

    Raises:
        ValueError: when it is no JSON.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        whole = json.dumps(json.loads(raw.decode(errors="replace")), ensure_ascii=False)
        return orjson.loads(whole.encode("utf-8", "replace"))


def messages_of(body: object) -> list[tuple[str, str]]:
    """What Splunk says in an answer: pairs of a type ("WARN", "FATAL") and a text."""
    found = body.get("messages") if isinstance(body, dict) else None
    if isinstance(found, dict):  # of a job: by type
        return [(str(kind).upper(), str(text)) for kind, some in found.items() for text in some]
    if not isinstance(found, list):
        return []
    pairs = [each for each in found if isinstance(each, dict)]
    return [(str(each.get("type", "")).upper(), str(each.get("text", ""))) for each in pairs]


def to_error(status: int, body: bytes) -> Exception:
    """Make our error of a refusal.

    Args:
        status: the HTTP status.
        body: as it came.
    """
    try:
        messages = messages_of(orjson.loads(body))
    except orjson.JSONDecodeError:
        messages = []
    text = one_line(messages[0][1]) if messages else ""
    what = f"Splunk answers {status}{f': {text}' if text else ''}"
    if status in _BUSY:
        return ConnectorUnavailableError(what)
    if status == _UNKNOWN_USER:
        hint = "the credentials are not accepted; correct the token, or user and password"
        return AccessError(f"Splunk answers {status}: {hint}", status=status)
    if status == _FORBIDDEN:
        return AccessError(f"{what}; `sftsec connector check` says what is missing", status=status)
    return RequestError(what, status=status)

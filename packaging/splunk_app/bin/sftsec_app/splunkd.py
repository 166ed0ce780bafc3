"""splunkd's REST API with the session of the search: settings, secrets, the KV store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from sftsec_app.http_connection import HttpConnection
from sftsec_app.portable import AppError, HttpResponse, ResponseError, one_line, splunkd_messages
from sftsec_app.tls import is_loopback, splunkd_context

APP = "sftsec"
Document = dict[str, Any]
_TIMEOUT_S = 60.0
_NAMESPACE = f"/servicesNS/nobody/{APP}"


class SplunkdClient:
    """The management port of this search head, as one user."""

    def __init__(self, url: str, session_key: str) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            AppError: when the session would be sent to an address that is not safe.
        """
        if not url or not session_key:
            raise AppError("Splunk gave no session: run this as a search, or as an alert's action")
        secure = url.startswith("https://")
        if not secure and not is_loopback(url):
            raise AppError(f"{url} is not https: set enableSplunkdSSL in server.conf")
        tls = splunkd_context(url) if secure else None
        headers = {"Authorization": f"Splunk {session_key}"}
        self._http = HttpConnection(url, tls, timeout_s=_TIMEOUT_S, headers=headers)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def capabilities(self) -> list[str]:
        """The capabilities of the user."""
        return list(self._entry("/services/authentication/current-context").get("capabilities", []))

    def stanza(self, conf: str, name: str) -> Document:
        """A stanza of this app's configuration."""
        return self._entry(f"{_NAMESPACE}/configs/conf-{conf}/{quote(name, safe='')}")

    def secret(self, realm: str, name: str) -> str:
        """A password of this app in the credential store; "" where there is none.

        Raises:
            ResponseError: when the user may not read it.
        """
        key = quote(f"{realm}:{name}:", safe="")
        try:
            entry = self._entry(f"{_NAMESPACE}/storage/passwords/{key}")
        except ResponseError as error:
            if error.status == 404:
                return ""
            raise
        return str(entry.get("clear_password", ""))

    def find(self, collection: str, queries: Sequence[Mapping[str, Any]]) -> list[list[Document]]:
        """The documents that each query matches."""
        batch = [{"query": query} for query in queries]
        found: list[list[Document]] = self._kv(collection, "batch_find", batch)
        if len(found) != len(queries):
            raise AppError(f"splunkd answered {len(found)} of {len(queries)} queries")
        return found

    def save(self, collection: str, documents: Sequence[Document]) -> None:
        """Write documents under their own keys."""
        self._kv(collection, "batch_save", documents)

    def index(self, event: str, *, index: str, sourcetype: str, source: str) -> None:
        """Index one event.

        Raises:
            ResponseError: without the capability edit_tcp, or for an index that does not exist.
        """
        query = urlencode({"index": index, "sourcetype": sourcetype, "source": source})
        self._request(
            "POST", f"/services/receivers/simple?{query}&output_mode=json", event.encode()
        )

    def _kv(self, collection: str, method: str, documents: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - JSON
        path = f"{_NAMESPACE}/storage/collections/data/{collection}/{method}"
        body = json.dumps(documents).encode()
        return _json(self._request("POST", path, body, {"Content-Type": "application/json"}))

    def _entry(self, path: str) -> Document:
        found = _json(self._request("GET", f"{path}?output_mode=json"))
        entries = found.get("entry") if isinstance(found, dict) else None
        content = entries[0].get("content") if entries else None
        if not isinstance(content, dict):
            raise AppError(f"splunkd answered {path} with no entry")
        return content

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        response = self._http.request(method, path, body, headers)
        if response.status // 100 != 2:
            cause, where = _cause(response), path.partition("?")[0]
            raise ResponseError(
                f"splunkd refused {where} ({response.status}): {cause}", response.status
            )
        return response


def _json(response: HttpResponse) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(response.body)
    except ValueError:
        raise AppError("splunkd did not answer with JSON") from None


def _cause(response: HttpResponse) -> str:
    return splunkd_messages(response) or one_line(
        response.body.decode("utf-8", "replace") or "no reason given"
    )

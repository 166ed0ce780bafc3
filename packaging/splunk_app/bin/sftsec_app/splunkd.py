"""splunkd's REST API, asked with the session of the search: settings, secrets, the KV store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from sftsec_app.errors import AppError, one_line
from sftsec_app.link import Answer, Link
from sftsec_app.tls import is_loopback, splunkd_context

APP = "sftsec"
Document = dict[str, Any]
_TIMEOUT_S = 60.0
_OWN = f"/servicesNS/nobody/{APP}"


class RefusedError(AppError):
    """splunkd answered, and not with what was asked for.

    Attributes:
        status: of the answer.
    """

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


class Splunkd:
    """The management port of this search head, as one user."""

    def __init__(self, url: str, session_key: str) -> None:
        """Get ready to ask.

        Raises:
            AppError: when the address is not one that can be trusted with a session.
        """
        if not url or not session_key:
            raise AppError("Splunk gave no session: run this as a search, or as an alert's action")
        secure = url.startswith("https://")
        if not secure and not is_loopback(url):
            raise AppError(f"{url} is not https: set enableSplunkdSSL in server.conf")
        tls = splunkd_context(url) if secure else None
        headers = {"Authorization": f"Splunk {session_key}"}
        self._link = Link(url, tls, timeout_s=_TIMEOUT_S, headers=headers)

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()

    def capabilities(self) -> list[str]:
        """What the user may do."""
        return list(self._entry("/services/authentication/current-context").get("capabilities", []))

    def stanza(self, conf: str, name: str) -> Document:
        """A stanza of this app's configuration."""
        return self._entry(f"{_OWN}/configs/conf-{conf}/{quote(name, safe='')}")

    def secret(self, realm: str, name: str) -> str:
        """A password of this app's in the credential store; "" where there is none.

        Raises:
            RefusedError: when the user may not read it.
        """
        key = quote(f"{realm}:{name}:", safe="")
        try:
            return str(self._entry(f"{_OWN}/storage/passwords/{key}").get("clear_password", ""))
        except RefusedError as error:
            if error.status == 404:
                return ""
            raise

    def find(self, collection: str, queries: Sequence[Mapping[str, Any]]) -> list[list[Document]]:
        """The documents that each query matches."""
        asked = [{"query": query} for query in queries]
        found: list[list[Document]] = self._kv(collection, "batch_find", asked)
        if len(found) != len(queries):
            raise AppError(f"splunkd answered {len(found)} of {len(queries)} queries")
        return found

    def save(self, collection: str, documents: Sequence[Document]) -> None:
        """Write documents under the keys that they have."""
        self._kv(collection, "batch_save", documents)

    def index(self, event: str, *, index: str, sourcetype: str, source: str) -> None:
        """Index one event.

        Raises:
            RefusedError: without the capability edit_tcp, or for an index that is not there.
        """
        asked = urlencode({"index": index, "sourcetype": sourcetype, "source": source})
        self._sent("POST", f"/services/receivers/simple?{asked}&output_mode=json", event.encode())

    def _kv(self, collection: str, what: str, documents: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - JSON
        path = f"{_OWN}/storage/collections/data/{collection}/{what}"
        body = json.dumps(documents).encode()
        answer = self._sent("POST", path, body, {"Content-Type": "application/json"})
        return self._parsed(answer)

    def _entry(self, path: str) -> Document:
        answer = self._parsed(self._sent("GET", f"{path}?output_mode=json"))
        entries = answer.get("entry") if isinstance(answer, dict) else None
        content = entries[0].get("content") if entries else None
        if not isinstance(content, dict):
            raise AppError(f"splunkd answered {path} with no entry")
        return content

    def _sent(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        answer = self._link.call(method, path, body, headers)
        if answer.status // 100 != 2:
            said = _said(answer.body)
            where = path.partition("?")[0]
            raise RefusedError(f"splunkd refused {where} ({answer.status}): {said}", answer.status)
        return answer

    def _parsed(self, answer: Answer) -> Any:  # noqa: ANN401 - JSON
        try:
            return json.loads(answer.body)
        except ValueError:
            raise AppError("splunkd did not answer with JSON") from None


def _said(body: bytes) -> str:
    try:
        messages = json.loads(body)["messages"]
        return one_line("; ".join(str(each.get("text", "")) for each in messages))
    except (ValueError, KeyError, TypeError, AttributeError):
        return one_line(body.decode("utf-8", "replace") or "no reason given")

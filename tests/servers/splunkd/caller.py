"""A bare client for tests: one request, its status and its answer."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from tests.servers.splunkd.state import Splunkd


@dataclass
class Caller:
    """Talks to a double, as a user once it has logged in.

    Answers come as JSON where they are JSON, otherwise as text.
    """

    splunk: Splunkd
    headers: dict[str, str] = field(default_factory=dict)
    timeout_s: float = 10.0

    def login(self, username: str | None = None, password: str | None = None) -> str:
        """Log in and go on with the session; return its key."""
        form = {
            "username": username or self.splunk.username,
            "password": password or self.splunk.password,
            "output_mode": "json",
        }
        status, answer = self.call("POST", "/services/auth/login", form)
        assert status == 200, answer
        self.headers["Authorization"] = f"Splunk {answer['sessionKey']}"
        return str(answer["sessionKey"])

    def call(
        self,
        method: str,
        path: str,
        form: Mapping[str, Any] | bytes | None = None,
        *,
        document: Any = None,
        headers: Mapping[str, str] | None = None,
        base: str | None = None,
    ) -> tuple[int, Any]:
        """Send one request.

        Args:
            method: "GET" and so on.
            path: with its query.
            form: sent as a form; bytes are sent as they are.
            document: sent as JSON.
            headers: more of them.
            base: another address than the management port's.

        Raises:
            OSError: the connection was lost, or nobody answered.
        """
        request = Request((base or self.splunk.url) + path, method=method)  # noqa: S310 - the tests' own
        if document is not None:
            request.data = json.dumps(document).encode()
            request.add_header("Content-Type", "application/json")
        elif form is not None:
            request.data = form if isinstance(form, bytes) else urlencode(form, doseq=True).encode()
        for name, value in {**self.headers, **(headers or {})}.items():
            request.add_header(name, value)
        try:
            with self._opener().open(request, timeout=self.timeout_s) as answer:
                return answer.status, _read(answer.read())
        except HTTPError as refusal:
            with refusal:
                return refusal.code, _read(refusal.read())

    def search(self, search: str, **form: str) -> list[dict[str, Any]]:
        """The rows of a search, by way of an export."""
        given = {"search": search, "output_mode": "json", **form}
        status, text = self.call("POST", "/services/search/v2/jobs/export", given)
        assert status == 200, text
        lines = (
            [text] if isinstance(text, dict) else [json.loads(line) for line in text.splitlines()]
        )
        return [line["result"] for line in lines if "result" in line]

    def hec(
        self, body: Any, path: str = "/services/collector/event", **headers: str
    ) -> tuple[int, Any]:
        """Send to the event collector; names of headers with underscores for dashes."""
        data = body if isinstance(body, bytes) else "".join(map(json.dumps, body)).encode()
        token = {"Authorization": f"Splunk {self.splunk.hec_token}"}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.call("POST", path, data, headers={**token, **given}, base=self.splunk.hec_url)

    def _opener(self) -> OpenerDirector:
        if self.splunk.ca_file is None:
            return build_opener(ProxyHandler({}))
        tls = ssl.create_default_context(cafile=self.splunk.ca_file)
        return build_opener(ProxyHandler({}), HTTPSHandler(context=tls))  # loopback: no proxy


def _read(body: bytes) -> Any:
    try:
        return json.loads(body or b"null")
    except ValueError:
        return body.decode(errors="replace")

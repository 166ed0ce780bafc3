"""What a test is told of a search engine, and the few calls that the tests' own plumbing makes."""

from __future__ import annotations

import base64
import json
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlsplit
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener
from uuid import uuid4


@dataclass(frozen=True)
class SearchServer:
    """Where a search engine is, and who may do everything there.

    `ca_file` is the authority that signed its certificate; None for plain http, or where the
    system's own authorities will do.
    """

    url: str
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    api_key: str | None = None  # sent instead of the user's name

    @classmethod
    def given(cls, name: str) -> SearchServer | None:
        """The server that `SFTSEC_TEST_<name>_URL` and `SFTSEC_TEST_<name>_CA` point at."""
        url = os.environ.get(f"SFTSEC_TEST_{name}_URL")
        if not url:
            return None
        parts = urlsplit(url)
        ca_file = os.environ.get(f"SFTSEC_TEST_{name}_CA")
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        return cls(
            bare.rstrip("/"),
            None if parts.username is None else unquote(parts.username),
            None if parts.password is None else unquote(parts.password),
            Path(ca_file) if ca_file else None,
        )

    def call(
        self, method: str, path: str, body: Any = None, *, timeout_s: float = 60
    ) -> tuple[int, Any]:
        """Send one request; return its status, and the JSON (or else the text) of the answer.

        Args:
            method: "GET" and so on.
            path: the path and the query, quoted.
            body: sent as JSON; a string is sent as it is, for `_bulk`; None sends none.
            timeout_s: seconds.

        Raises:
            OSError: nobody answered.
        """
        request = Request(self.url + path, method=method)  # noqa: S310 - the tests' own server
        if body is not None:
            request.data = (body if isinstance(body, str) else json.dumps(body)).encode()
            kind = "application/x-ndjson" if isinstance(body, str) else "application/json"
            request.add_header("Content-Type", kind)
        if self.api_key is not None:
            request.add_header("Authorization", f"ApiKey {self.api_key}")
        elif self.username is not None:
            login = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {login}")
        try:
            with self._opener.open(request, timeout=timeout_s) as answer:
                return answer.status, _read(answer.read())
        except HTTPError as refusal:
            with refusal:
                return refusal.code, _read(refusal.read())

    @cached_property
    def _opener(self) -> OpenerDirector:
        tls = ssl.create_default_context(cafile=self.ca_file)
        return build_opener(ProxyHandler({}), HTTPSHandler(context=tls))  # loopback: no proxy


@contextmanager
def own_names(server: SearchServer) -> Iterator[Callable[[str], str]]:
    """Give names that only this test uses: "alerts" becomes "alerts-9f8e..."; then clean up.

    Deleted are data streams, indices and index templates whose names hold the test's own part:
    several tests share a server, so nothing else may be touched.
    """
    token = uuid4().hex[:12]
    given: list[str] = []

    def fresh(prefix: str) -> str:
        given.append(f"{prefix}-{token}{len(given) or ''}")
        return given[-1]

    try:
        yield fresh
    finally:
        delete_matching(server, f"*{token}*")


def delete_matching(server: SearchServer, pattern: str) -> None:
    """Delete every data stream, index and index template whose name matches.

    One by one, since a server may refuse to delete by a pattern; data streams first, since their
    indices and templates cannot be deleted while they are there.
    """
    found = server.call("GET", f"/_resolve/index/{pattern}?expand_wildcards=all")[1]
    indices = [index for index in found["indices"] if "data_stream" not in index]
    templates = server.call("GET", f"/_index_template/{pattern}")[1].get("index_templates", [])
    for folder, things in (
        ("/_data_stream", found["data_streams"]),
        ("", indices),
        ("/_index_template", templates),
    ):
        for thing in things:
            server.call("DELETE", f"{folder}/{quote(thing['name'])}")


def _read(body: bytes) -> Any:
    try:
        return json.loads(body or b"null")
    except ValueError:  # a node that is only half up answers in plain text
        return body.decode(errors="replace")

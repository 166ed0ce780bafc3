"""A request as splunkd reads it, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from tests.servers.splunkd.errors import RestError

DEFAULT_APP = "search"
_FORM = "application/x-www-form-urlencoded"
# What says how to answer, and is no property of an object.
CONTROLS = frozenset(
    {"output_mode", "count", "offset", "sort_key", "sort_dir", "sort_mode", "f", "summarize"}
)


@dataclass
class Request:
    """One request, its namespace taken off its path.

    Attributes:
        path: the segments after `/services` or `/servicesNS/<owner>/<app>`, decoded.
        owner: of the namespace; None where there is none, and then the user's own is meant.
        user: who asks; set when the request is let in.
        cookie: the session cookie that let it in, which the answer carries again.
    """

    method: str
    path: list[str]
    owner: str | None
    app: str | None
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    user: str = ""
    cookie: str | None = None

    @classmethod
    def read(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
        parts = urlsplit(target)
        # A slash in a name comes encoded twice in the server's own links, once from clients.
        segments = [
            unquote_plus(each).replace("%2F", "/").replace("%2f", "/")
            for each in parts.path.split("/")
            if each
        ]
        query = parse_qs(parts.query, keep_blank_values=True)
        if segments[:1] == ["servicesNS"] and len(segments) >= 3:
            return cls(method, segments[3:], segments[1], segments[2], query, headers, body)
        if segments[:1] == ["services"]:
            return cls(method, segments[1:], None, None, query, headers, body)
        raise RestError(404, "Not Found")

    @property
    def namespace(self) -> tuple[str, str]:
        return self.owner or self.user, self.app or DEFAULT_APP

    @cached_property
    def form(self) -> dict[str, list[str]]:
        """The query and the form together; a body without a Content-Type is a form."""
        kind = self.headers.get("Content-Type", _FORM).partition(";")[0].strip().lower()
        if self.method == "GET" or kind != _FORM:
            return self.query
        found = {name: list(values) for name, values in self.query.items()}
        text = self.body.decode(errors="replace")
        for name, values in parse_qs(text, keep_blank_values=True).items():
            found.setdefault(name, []).extend(values)
        return found

    @property
    def properties(self) -> dict[str, list[str]]:
        """What the form sets, without what says how to answer."""
        return {name: values for name, values in self.form.items() if name not in CONTROLS}

    def get(self, name: str, default: str = "") -> str:
        values = self.form.get(name)
        return values[-1] if values else default

    def integer(self, name: str, default: int) -> int:
        text = self.get(name, str(default))
        try:
            return int(text)
        except ValueError:
            raise RestError(400, f'Argument "{name}" must be an integer.') from None

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as wrong:
            raise RestError(
                400, f"JSON in the request is invalid. ( JSON parse error: {wrong} )"
            ) from None

    @property
    def wants_json(self) -> bool:
        return self.get("output_mode") in {"json", "json_rows", "json_cols"}


@dataclass
class Response:
    """An answer; a body of pieces is sent in chunks as they come.

    Attributes:
        cut_after: so many bytes of the body are sent before the connection is lost.
    """

    body: bytes | Iterable[bytes] = b""
    status: int = 200
    content_type: str = "text/xml; charset=UTF-8"
    headers: list[tuple[str, str]] = field(default_factory=list)
    cut_after: int | None = None


def json_response(document: Any, status: int = 200) -> Response:
    body = json.dumps(document, separators=(",", ":")).encode()
    return Response(body, status, "application/json; charset=UTF-8")

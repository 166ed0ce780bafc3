"""Error responses (RFC 9457), each with one line that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"
# nginx's status for the access log; the client has closed the connection.
CLIENT_CLOSED = 499
PROBLEM_SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One line that says what to do."},
    },
    "required": ["type", "title", "status", "detail"],
    "additionalProperties": False,
}


class ProblemError(Exception):
    """A request that is rejected or fails.

    Attributes:
        status: the HTTP status.
        detail: one line; nothing of the request's content is in it.
        headers: besides the content type.
    """

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        super().__init__(detail)

    def to_json(self) -> dict[str, Any]:
        """The body."""
        return {
            "type": "about:blank",
            "title": title(self.status),
            "status": self.status,
            "detail": self.detail,
        }


def unavailable(detail: str, *, seconds: int) -> ProblemError:
    """503: the same request may succeed after some seconds."""
    return ProblemError(503, detail, headers={"Retry-After": str(seconds)})


def too_many(detail: str, *, seconds: int) -> ProblemError:
    """429: this client asks for too much at once."""
    return ProblemError(429, detail, headers={"Retry-After": str(seconds)})


def title(status: int) -> str:
    """The standard text of a status."""
    return "Client Closed Request" if status == CLIENT_CLOSED else HTTPStatus(status).phrase

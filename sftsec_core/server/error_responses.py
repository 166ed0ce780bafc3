"""What went wrong, as the caller is told: RFC 9457, one line that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"
# What nginx calls it; the client is gone and reads nothing, the access log does.
CLIENT_GONE = 499


class ProblemError(Exception):
    """A request that is refused or cannot be answered.

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


def busy(detail: str, *, seconds: int) -> ProblemError:
    """503: the same request may succeed after so many seconds."""
    return ProblemError(503, detail, headers={"Retry-After": str(seconds)})


def title(status: int) -> str:
    """The status in words."""
    return "Client Closed Request" if status == CLIENT_GONE else HTTPStatus(status).phrase

"""An HTTP response, and how a request is repeated while the server is busy."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import one_line

_BUSY = (429, 503)
_ATTEMPTS = 3
_MAX_WAIT_S = 5


@dataclass(frozen=True)
class HttpResponse:
    """A response, read to its end.

    Attributes:
        status: the HTTP status.
        headers: values by names in lower case.
        body: the content.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """The body; None where it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def repeat_while_busy(send: Callable[[], HttpResponse]) -> HttpResponse:
    """Repeat a request while the server answers that it is busy, three attempts in all.

    The wait is the server's `Retry-After`, at most five seconds; one second without it.
    """
    response = send()
    for _ in range(_ATTEMPTS - 1):
        if response.status not in _BUSY:
            break
        wait = response.headers.get("retry-after", "1")
        time.sleep(min(int(wait) if wait.isdecimal() else 1, _MAX_WAIT_S))
        response = send()
    return response


def problem_detail(response: HttpResponse) -> str:
    """The cause that `sftsec serve` gives for an error (RFC 9457); "" without one."""
    found = response.json()
    return one_line(found["detail"]) if isinstance(found, dict) and "detail" in found else ""


def splunkd_messages(response: HttpResponse) -> str:
    """The messages of a response of splunkd on one line; "" without one."""
    found = response.json()
    messages = found.get("messages") if isinstance(found, dict) else None
    if not isinstance(messages, list):
        return ""
    texts = [str(each.get("text", "")) for each in messages if isinstance(each, dict)]
    return one_line("; ".join(texts))

"""Before the application: who asks, what the access log says of it, and what nobody foresaw.

Plain ASGI: a token is looked at before a byte of the body is read, and an exception ends here,
since a trace in a server's log could quote an event.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.server.error_responses import MEDIA_TYPE, ProblemError

if TYPE_CHECKING:
    from sftsec_core.server.auth import Tokens

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN = frozenset({"/healthz", "/readyz"})
PATHS = frozenset({*OPEN, "/v1/score", "/v1/tasks", "/openapi.json"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_LOG = "sftsec.request_log"
log = logging.getLogger("sftsec_core.server.access")


@dataclass(slots=True)
class RequestLog:
    """What the access log says of a request; nothing of an event is among it.

    Attributes:
        owner: the name of the token's owner.
        events: how many the request model; None for one that holds none.
        status: what was answered; 0 before that.
    """

    owner: str | None = None
    events: int | None = None
    status: int = 0


def request_log_of(scope: Scope) -> RequestLog:
    """The request log entry of a request."""
    request_log: RequestLog = scope[_REQUEST_LOG]
    return request_log


class AuthMiddleware:
    """An ASGI application around another one."""

    def __init__(self, inside: Application, tokens: Tokens) -> None:
        self._inside = inside
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        request_log, started = RequestLog(), time.perf_counter()
        scope[_REQUEST_LOG] = request_log

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                request_log.status = message["status"]
            await send(message)

        try:
            self._recognise(scope, request_log)
            await self._inside(scope, receive, noting)
        except ProblemError as problem:
            await _refuse(noting, problem)
        except Exception as error:  # noqa: BLE001 - the last resort; its words may repeat an event
            log.error("a request failed (%s)", type(error).__name__)  # noqa: TRY400 - a trace quotes
            if not request_log.status:
                await _refuse(noting, unforeseen(error))
        finally:
            _note(scope, request_log, 1000 * (time.perf_counter() - started))

    def _recognise(self, scope: Scope, request_log: RequestLog) -> None:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), None)
        request_log.owner = self._tokens.owner(given)
        if request_log.owner is None and scope["path"] not in OPEN:
            wrong = ' error="invalid_token"' if given is not None else ""
            raise ProblemError(
                401,
                "send one of the tokens of sftsec.yaml as `Authorization: Bearer TOKEN`",
                headers={"WWW-Authenticate": f"Bearer{wrong}"},
            )


def unforeseen(error: Exception) -> ProblemError:
    """500: by its kind alone."""
    return ProblemError(
        500, f"the request could not be answered ({type(error).__name__}): see the server's log"
    )


async def _refuse(send: Send, problem: ProblemError) -> None:
    body = orjson.dumps(problem.to_json())
    headers = {
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        **{name.lower(): value for name, value in problem.headers.items()},
    }
    raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _note(scope: Scope, request_log: RequestLog, milliseconds: float) -> None:
    # A path or a method that is not ours is the caller's own words: they stay out of the log.
    path = scope["path"] if scope["path"] in PATHS else "(another path)"
    method = scope["method"] if scope["method"] in _METHODS else "(another method)"
    # A balancer asks every second.
    quiet = path in OPEN and request_log.status == 200
    log.log(
        logging.DEBUG if quiet else logging.INFO,
        "%s %s %d events=%s ms=%.1f token=%s",
        method,
        path,
        request_log.status,
        "-" if request_log.events is None else request_log.events,
        milliseconds,
        request_log.owner or "-",
    )

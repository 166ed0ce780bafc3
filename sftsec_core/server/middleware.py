"""Around the application: authentication, the access log, and unexpected errors.

Plain ASGI: the token is checked before a byte of the body is read, and an exception ends here,
since a trace in the log could quote an event.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.server.error_responses import CLIENT_CLOSED, MEDIA_TYPE, ProblemError
from sftsec_core.server.label_page import API, page_paths
from sftsec_core.server.status_paths import is_status_page, logged_path

if TYPE_CHECKING:
    from sftsec_core.server.authentication import Authenticator, Caller
    from sftsec_core.server.sessions import Sessions
    from sftsec_core.server.wrong_tokens import WrongTokens

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

METRICS, SCORE, EXPLAIN = "/metrics", "/v1/score", "/v1/explain"
MODELS, RUNS, VERDICTS, SCHEDULES = "/v1/models", "/v1/runs", "/v1/verdicts", "/v1/schedules"
RUN = f"{RUNS}/{{run}}"
# The page's files hold nothing of an event: what it shows comes by its interface, with a token.
PUBLIC_PATHS = frozenset({"/healthz", "/readyz", *page_paths()})
_STATE = frozenset({MODELS, RUNS, RUN, VERDICTS, SCHEDULES})
PATHS = frozenset(
    {*PUBLIC_PATHS, *API, *_STATE, SCORE, EXPLAIN, "/v1/tasks", METRICS, "/openapi.json"}
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SCOPE_KEY = "sftsec.request_log"
log = logging.getLogger("sftsec_core.server.access")


@dataclass(slots=True)
class RequestLog:
    """The entry of a request in the access log; it holds nothing of an event.

    Attributes:
        caller: who asks; None for no known token.
        events: how many the request holds; None for other requests.
        status: of the response; 0 before there is one.
    """

    caller: Caller | None = None
    events: int | None = None
    status: int = 0

    @property
    def owner(self) -> str | None:
        """The name of who asks."""
        return None if self.caller is None else self.caller.actor.name


def request_log(scope: Scope) -> RequestLog:
    """The entry of the request with this scope."""
    entry: RequestLog = scope[_SCOPE_KEY]
    return entry


def caller_of(scope: Scope) -> Caller:
    """Who sent the request with this scope.

    Raises:
        ProblemError: 401, for a path that no one needs a token for.
    """
    found = request_log(scope).caller
    if found is None:
        raise ProblemError(401, "send a token as `Authorization: Bearer TOKEN`")
    return found


class AuthMiddleware:
    """An ASGI application that lets requests with a known token into another one."""

    def __init__(
        self,
        app: Application,
        authenticator: Authenticator,
        wrong: WrongTokens,
        sessions: Sessions[Caller] | None = None,
        *,
        admit: Callable[[str | None], None] = lambda _owner: None,
        count: Callable[[str, int], None] = lambda _route, _status: None,
        public: frozenset[str] = PUBLIC_PATHS,
    ) -> None:
        """Take the application and who may ask it.

        Args:
            app: the application.
            authenticator: finds the owners of tokens.
            wrong: delays the answer to a wrong token.
            sessions: of the labelling page.
            admit: refuses requests by their owner, besides those of public paths.
            count: is told the route and the status of each response.
            public: the paths that need no token.
        """
        self._admit = admit
        self._count = count
        self._public = public
        self._app = app
        self._authenticator = authenticator
        self._wrong = wrong
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with an error."""
        entry, started = RequestLog(), time.perf_counter()
        scope[_SCOPE_KEY] = entry

        async def send_and_record(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            await send(message)

        try:
            _refuse_two_lengths(scope)
            await self._authenticate(scope, entry)
            if scope["path"] not in self._public:
                self._admit(entry.owner)
            await self._app(scope, receive, send_and_record)
        except ProblemError as problem:
            await send_problem(send_and_record, problem)
        except Exception as error:  # noqa: BLE001 - the last resort; its message may quote an event
            log.error("a request failed (%s)", type(error).__name__)  # noqa: TRY400 - a trace quotes
            if not entry.status:
                await send_problem(send_and_record, internal_error(error))
        finally:
            self._count(shown_path(scope), entry.status or CLIENT_CLOSED)
            _log_request(scope, entry, 1000 * (time.perf_counter() - started))

    async def _authenticate(self, scope: Scope, entry: RequestLog) -> None:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), None)
        page = is_status_page(scope["path"])
        if given is None and self._sessions is not None and (page or scope["path"] in API):
            session = self._sessions.owner(scope["headers"], reads=page)
            entry.caller = session and await self._authenticator.current(session)
        elif scope["path"] not in self._public:
            entry.caller = await self._authenticator.caller(given)
        if page and given is None:
            return  # it answers with a page that takes a token
        if entry.caller is None and scope["path"] not in self._public:
            headers = {"WWW-Authenticate": "Bearer"}
            if given is not None:
                headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
                if not await self._wrong.delay(scope):
                    headers["Connection"] = "close"
            raise ProblemError(
                401,
                "send a token as `Authorization: Bearer TOKEN`: one of sftsec.yaml, or of "
                "`sftsec token add`",
                headers=headers,
            )


def _refuse_two_lengths(scope: Scope) -> None:
    """RFC 9112, 6.1: a proxy that believes the other header sees another request in the body."""
    names = {name for name, _ in scope["headers"]}
    if {b"content-length", b"transfer-encoding"} <= names:
        raise ProblemError(
            400,
            "send either Content-Length or Transfer-Encoding",
            headers={"Connection": "close"},
        )


def internal_error(error: Exception) -> ProblemError:
    """500 with the type of the error alone."""
    return ProblemError(500, f"the request failed ({type(error).__name__}): see the server's log")


async def send_problem(send: Send, problem: ProblemError) -> None:
    """Answer a request with an error."""
    body = orjson.dumps(problem.to_json())
    headers = {
        "content-type": MEDIA_TYPE,
        "content-length": str(len(body)),
        **{name.lower(): value for name, value in problem.headers.items()},
    }
    raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def shown_path(scope: Scope) -> str:
    """The path, without what is text of the caller."""
    path: str = logged_path(scope["path"])
    if path.startswith(f"{RUNS}/"):
        return RUN
    return path if path in PATHS or is_status_page(path) else "(another path)"


def shown_method(scope: Scope) -> str:
    """The method, unless it is text of the caller."""
    return scope["method"] if scope["method"] in _METHODS else "(another method)"


def _log_request(scope: Scope, entry: RequestLog, milliseconds: float) -> None:
    path, method = shown_path(scope), shown_method(scope)
    # A load balancer sends one every second, and the page asks for its files each time.
    quiet = path in PUBLIC_PATHS and entry.status in {200, 304}
    log.log(
        logging.DEBUG if quiet else logging.INFO,
        "%s %s %d events=%s ms=%.1f token=%s",
        method,
        path,
        entry.status,
        "-" if entry.events is None else entry.events,
        milliseconds,
        entry.owner or "-",
    )

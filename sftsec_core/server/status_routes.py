"""The routes of the status pages: read-only but for logging in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from sftsec_core.api.errors import AuthorizationError, NotFoundError, SftsecError
from sftsec_core.server.label_page import SECURITY_HEADERS
from sftsec_core.server.middleware import request_log
from sftsec_core.server.sessions import is_own
from sftsec_core.server.status_paths import (
    GPUS,
    LOGIN,
    LOGOUT,
    OVERVIEW,
    RUNS,
    SCHEDULES,
    STYLE,
    own_path,
)
from sftsec_core.server.status_view import STYLE_SHEET, Asked, StatusView

if TYPE_CHECKING:
    from sftsec_core.api.domain import Actor
    from sftsec_core.operations.context import Context
    from sftsec_core.server.authentication import Authenticator, Caller
    from sftsec_core.server.middleware import Scope
    from sftsec_core.server.service import ScoringService
    from sftsec_core.server.sessions import Sessions
    from sftsec_core.server.wrong_tokens import WrongTokens

_REFRESH_S = (5, 3600)
_POLICY = (
    "default-src 'none'; style-src {style}; img-src data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {**SECURITY_HEADERS, "Cache-Control": "no-store"}
_PAGE = {**_HEADERS, "Content-Security-Policy": _POLICY.format(style="'self'")}
# A report holds its own style; nothing of it may run, whatever an incident's text says.
_REPORT = {
    **_HEADERS,
    "Content-Security-Policy": _POLICY.format(style="'unsafe-inline'") + "; sandbox",
}
_HTML = "text/html; charset=utf-8"
T = TypeVar("T")
Show = Callable[["Context", Asked], str]


class LogIn:
    """Takes a token that was typed; the answer to a wrong one waits, as everywhere."""

    def __init__(self, authenticator: Authenticator, wrong: WrongTokens) -> None:
        self._authenticator = authenticator
        self._wrong = wrong

    async def __call__(self, scope: Scope, token: bytes) -> Caller | None:
        """Who owns the token; None where it is not known."""
        caller = await self._authenticator.caller(b"Bearer " + token)
        if caller is None:
            await self._wrong.delay(scope)
        return caller


class StatusRoutes:
    """The functions of the routes."""

    def __init__(
        self,
        service: ScoringService,
        sessions: Sessions[Caller],
        log_in: LogIn,
        *,
        read: Callable[[Request], Awaitable[bytes]],
        one_of: Callable[[str | None], AbstractContextManager[None]],
    ) -> None:
        """Take what they share with the other routes.

        Args:
            service: whose context the pages are of, and which writes refusals to the audit log.
            sessions: of the pages.
            log_in: takes a token.
            read: a request's body, bounded in bytes and in time.
            one_of: counts a token's requests, and refuses one too many.
        """
        self._service = service
        self._view = StatusView()
        self._sessions = sessions
        self._log_in = log_in
        self._read = read
        self._one_of = one_of
        self._style = (STYLE_SHEET.read_bytes(), {**_HEADERS, "Cache-Control": "no-cache"})

    async def style(self) -> Response:
        """The style sheet."""
        content, headers = self._style
        return Response(content, media_type="text/css; charset=utf-8", headers=headers)

    async def overview(self, request: Request) -> Response:
        """Where each task stands."""
        return await self._show(request, self._view.overview)

    async def runs(self, request: Request) -> Response:
        """What ran."""
        return await self._show(request, self._view.runs)

    async def schedules(self, request: Request) -> Response:
        """What will run."""
        return await self._show(request, self._view.schedules)

    async def gpus(self, request: Request) -> Response:
        """The GPUs and their leases."""
        return await self._show(request, self._view.gpus)

    async def run(self, request: Request) -> Response:
        """One run."""
        run_id = request.path_params["run_id"]
        return await self._show(
            request, lambda context, asked: self._view.run(context, run_id, asked)
        )

    async def report(self, request: Request) -> Response:
        """A run's report."""
        actor = self._actor(request)
        if actor is None:
            return self._log_in_first(request)
        asked, run_id = Asked(actor.name), request.path_params["run_id"]
        try:
            body = await self._call(actor, lambda context: self._view.report(context, run_id))
        except SftsecError as error:
            return await self._failed(error, asked)
        if body is None:
            return await self._failed(NotFoundError("report of run", run_id, ()), asked)
        return Response(body, media_type=_HTML, headers=_REPORT)

    async def log_in(self, request: Request) -> Response:
        """Take a token for a session; go on to the page that was asked for."""
        if not is_own(dict(request.scope["headers"])):
            return self._html(self._view.message("Log in", "another site asked", Asked(None)), 403)
        form = _form(await self._read(request))
        going_to = own_path(form.get("next", [OVERVIEW])[0])
        token = form.get("token", [""])[0].strip()
        caller = await self._log_in(request.scope, token.encode("ascii", "replace"))
        if caller is None:
            error = "This token is not known, or has expired."
            return self._html(self._view.login(going_to=going_to, error=error), 401)
        headers = {"Location": going_to, "Set-Cookie": self._sessions.start(caller)}
        return Response(status_code=303, headers={**_HEADERS, **headers})

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        sent = request.scope["headers"]
        if not is_own(dict(sent)):
            return self._html(self._view.message("Log out", "another site asked", Asked(None)), 403)
        headers = {"Location": OVERVIEW, "Set-Cookie": self._sessions.end(sent)}
        return Response(status_code=303, headers={**_HEADERS, **headers})

    async def _show(self, request: Request, show: Show) -> Response:
        actor = self._actor(request)
        if actor is None:
            return self._log_in_first(request)
        asked = Asked(actor.name, _refresh(request))
        try:
            page = await self._call(actor, lambda context: show(context, asked))
        except SftsecError as error:
            return await self._failed(error, asked)
        return self._html(page)

    async def _call(self, actor: Actor, call: Callable[[Context], T]) -> T:
        with self._one_of(actor.name):
            return await run_in_threadpool(lambda: call(self._service.acting_as(actor)))

    def _actor(self, request: Request) -> Actor | None:
        caller = request_log(request.scope).caller
        return None if caller is None else caller.actor

    def _log_in_first(self, request: Request) -> Response:
        return self._html(self._view.login(going_to=own_path(request.url.path)), 401)

    async def _failed(self, error: SftsecError, asked: Asked) -> Response:
        if isinstance(error, AuthorizationError):
            await run_in_threadpool(self._service.note_refusal, error)
            return self._html(self._view.message("Not permitted", str(error), asked), 403)
        if isinstance(error, NotFoundError):
            return self._html(self._view.message("Not found", str(error), asked), 404)
        return self._html(self._view.message("Not available", str(error), asked), 503)

    def _html(self, page: str, status: int = 200) -> Response:
        return Response(page.encode("utf-8", "replace"), status, media_type=_HTML, headers=_PAGE)


def add_status_routes(app: FastAPI, routes: StatusRoutes) -> None:
    """Add the pages to an application."""
    for path, handle in (
        (OVERVIEW, routes.overview),
        (RUNS, routes.runs),
        (SCHEDULES, routes.schedules),
        (GPUS, routes.gpus),
        (f"{RUNS}/{{run_id}}", routes.run),
        (f"{RUNS}/{{run_id}}/report", routes.report),
        (STYLE, routes.style),
    ):
        app.add_api_route(path, handle, methods=["GET"], include_in_schema=False)
    app.add_api_route(LOGIN, routes.log_in, methods=["POST"], include_in_schema=False)
    app.add_api_route(LOGOUT, routes.log_out, methods=["POST"], include_in_schema=False)


def _form(body: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
    except ValueError:  # more fields than any page of ours sends
        return {}


def _refresh(request: Request) -> int | None:
    given = request.query_params.get("refresh", "")
    if not given.isascii() or not given.isdigit() or len(given) > 6:
        return None
    return max(_REFRESH_S[0], min(int(given), _REFRESH_S[1]))

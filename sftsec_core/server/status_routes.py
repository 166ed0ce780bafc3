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
from sftsec_core.server.status_view import OVERVIEW, RUNS, STYLE, Asked, StatusView

if TYPE_CHECKING:
    from sftsec_core.operations.context import Context
    from sftsec_core.server.sessions import Sessions

LOGIN, LOGOUT = "/login", "/logout"
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


class StatusRoutes:
    """The functions of the routes."""

    def __init__(
        self,
        view: StatusView,
        sessions: Sessions,
        *,
        acting_as: Callable[[str], Context],
        owner_of: Callable[[Request, bytes], Awaitable[str | None]],
        read: Callable[[Request], Awaitable[bytes]],
        one_of: Callable[[str | None], AbstractContextManager[None]],
    ) -> None:
        """Take what they share with the other routes.

        Args:
            view: renders.
            sessions: of the pages.
            acting_as: the context of a token's owner.
            owner_of: the owner of a token that was typed; it delays the answer to a wrong one.
            read: a request's body, bounded in bytes and in time.
            one_of: counts a token's requests, and refuses one too many.
        """
        self._view = view
        self._sessions = sessions
        self._acting_as = acting_as
        self._owner_of = owner_of
        self._read = read
        self._one_of = one_of
        self._style = (STYLE.read_bytes(), {**_HEADERS, "Cache-Control": "no-cache"})

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

    async def run(self, request: Request) -> Response:
        """One run."""
        run_id = request.path_params["run_id"]
        return await self._show(
            request, lambda context, asked: self._view.run(context, run_id, asked)
        )

    async def report(self, request: Request) -> Response:
        """A run's report."""
        owner = self._owner(request)
        if owner is None:
            return self._log_in_first(request)
        run_id = request.path_params["run_id"]
        try:
            body = await self._call(
                owner, lambda: self._view.report(self._acting_as(owner), run_id)
            )
        except SftsecError as error:
            return self._failed(error, Asked(owner))
        if body is None:
            return self._failed(NotFoundError("report of run", run_id, ()), Asked(owner))
        return Response(body, media_type=_HTML, headers=_REPORT)

    async def log_in(self, request: Request) -> Response:
        """Take a token for a session; go on to the page that was asked for."""
        if not is_own(dict(request.scope["headers"])):
            return self._html(self._view.message("Log in", "another site asked", Asked(None)), 403)
        form = _form(await self._read(request))
        going_to = _own_path(form.get("next", [OVERVIEW])[0])
        token = form.get("token", [""])[0].strip()
        owner = await self._owner_of(request, token.encode("ascii", "replace"))
        if owner is None:
            error = "This token is not known, or has expired."
            return self._html(self._view.login(going_to=going_to, error=error), 401)
        headers = {"Location": going_to, "Set-Cookie": self._sessions.start(owner)}
        return Response(status_code=303, headers={**_HEADERS, **headers})

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        sent = request.scope["headers"]
        if not is_own(dict(sent)):
            return self._html(self._view.message("Log out", "another site asked", Asked(None)), 403)
        headers = {"Location": OVERVIEW, "Set-Cookie": self._sessions.end(sent)}
        return Response(status_code=303, headers={**_HEADERS, **headers})

    async def _show(self, request: Request, show: Show) -> Response:
        owner = self._owner(request)
        if owner is None:
            return self._log_in_first(request)
        asked = Asked(owner, _refresh(request))
        try:
            page = await self._call(owner, lambda: show(self._acting_as(owner), asked))
        except SftsecError as error:
            return self._failed(error, asked)
        return self._html(page)

    async def _call(self, owner: str, call: Callable[[], T]) -> T:
        with self._one_of(owner):
            return await run_in_threadpool(call)

    def _owner(self, request: Request) -> str | None:
        return request_log(request.scope).owner

    def _log_in_first(self, request: Request) -> Response:
        return self._html(self._view.login(going_to=_own_path(request.url.path)), 401)

    def _failed(self, error: SftsecError, asked: Asked) -> Response:
        if isinstance(error, AuthorizationError):
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
        (f"{RUNS}/{{run_id}}", routes.run),
        (f"{RUNS}/{{run_id}}/report", routes.report),
        ("/status.css", routes.style),
    ):
        app.add_api_route(path, handle, methods=["GET"], include_in_schema=False)
    app.add_api_route(LOGIN, routes.log_in, methods=["POST"], include_in_schema=False)
    app.add_api_route(LOGOUT, routes.log_out, methods=["POST"], include_in_schema=False)


def is_status_page(path: str) -> bool:
    """Whether a path is one of the pages, which ask for a log-in themselves."""
    return path in {OVERVIEW, RUNS, LOGIN, LOGOUT, "/status.css"} or path.startswith(f"{RUNS}/")


def _form(body: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
    except ValueError:  # more fields than any page of ours sends
        return {}


def _own_path(path: str) -> str:
    """A page of ours to go on to: never another site's address."""
    return path if path in (OVERVIEW, RUNS) or _is_run(path) else OVERVIEW


def _is_run(path: str) -> bool:
    head, _, rest = path.partition(f"{RUNS}/")
    return not head and bool(rest) and all(c.isalnum() or c in "-/" for c in rest)


def _refresh(request: Request) -> int | None:
    given = request.query_params.get("refresh", "")
    if not given.isascii() or not given.isdigit() or len(given) > 6:
        return None
    return max(_REFRESH_S[0], min(int(given), _REFRESH_S[1]))

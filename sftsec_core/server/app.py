"""The HTTP application: its routes and its errors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import HTTPBearer
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from sftsec_core import __version__
from sftsec_core.api.domain import Permission
from sftsec_core.api.errors import AuthorizationError
from sftsec_core.operations.authorize import authorize, authorize_some
from sftsec_core.server.error_responses import (
    CLIENT_CLOSED,
    MEDIA_TYPE,
    PROBLEM_SCHEMA,
    ProblemError,
    title,
)
from sftsec_core.server.explain_schemas import ExplainResponse
from sftsec_core.server.label_page import PAGE
from sftsec_core.server.label_routes import LabelRoutes, add_label_routes
from sftsec_core.server.metrics import CONTENT_TYPE
from sftsec_core.server.middleware import (
    EXPLAIN,
    METRICS,
    PATHS,
    SCORE,
    caller_of,
    internal_error,
    request_log,
)
from sftsec_core.server.schemas import (
    Alive,
    Readiness,
    ScoreBatch,
    ScoreRequest,
    ScoreResponse,
    TaskList,
    read_request,
)
from sftsec_core.server.state_routes import StateRoutes, add_state_routes
from sftsec_core.server.status_routes import StatusRoutes, add_status_routes

if TYPE_CHECKING:
    from sftsec_core.config.serve import ServeSettings
    from sftsec_core.server.authentication import Caller
    from sftsec_core.server.label_service import LabelService
    from sftsec_core.server.service import ScoringService
    from sftsec_core.server.sessions import Sessions
    from sftsec_core.server.status_routes import LogIn

# Bytes of a body that are parsed at once; to parse megabytes would hold every other request up.
_PARSED_AT_ONCE = 1 << 16
_MOST_FORM = 1 << 14  # bytes of the form that takes a token
_JSON = "application/json"
# What may answer on any path, with a token, and a request to score.
_OPEN = (400, 408, 500, 503)
_STATUSES = (*_OPEN, 401, 403, 429)
_SCORE_STATUSES = (*_STATUSES, 404, 409, 413, 415, 422)
_ROLES = (
    "the roles of a token of sftsec.yaml are scorer and, where serve.analysts names it, analyst; "
    "`sftsec token add` gives others"
)
# For the description alone: the middleware looks at the token before a route is found.
_BEARER = (Depends(HTTPBearer(auto_error=False)),)


class _Routes:
    """The functions of the routes, with their shared state."""

    def __init__(self, service: ScoringService) -> None:
        self._service = service

    async def score(self, request: Request) -> Response:
        """Score a batch of events with the live model of a task."""
        return await self._scored(request, why=False)

    async def explain(self, request: Request) -> Response:
        """Score a batch of events as /v1/score does, and say why."""
        return await self._scored(request, why=True)

    async def _scored(self, request: Request, *, why: bool) -> Response:
        settings, admission = self._service.settings, self._service.admission
        entry = request_log(request.scope)
        who = caller_of(request.scope).actor
        authorize_some(who, Permission.SCORE_EVENTS)
        self._service.events.check(who.name)
        with admission.place(entry.owner), admission.body(_length(request, settings)):
            with admission.arrival():
                body = await self._body(request)
                batch = await _parsed(body, settings.max_batch)
                entry.events = len(batch.events)
                self._service.events.take(who.name, entry.events)
                scored = asyncio.wrap_future(self._service.submit(batch, who, why=why))
            return Response(await _wait_unless_closed(scored, request), media_type=_JSON)

    async def tasks(self, request: Request) -> JSONResponse:
        """List the tasks: labels, text fields, live models."""
        return JSONResponse({"tasks": self._service.tasks(caller_of(request.scope).actor)})

    async def healthz(self) -> JSONResponse:
        """200 while the process runs."""
        return JSONResponse({"status": "alive"})

    async def readyz(self) -> JSONResponse:
        """200 once the live models are loaded."""
        ready, state = self._service.readiness()
        return JSONResponse(state, 200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """What this process and the store count, for Prometheus."""
        service = self._service
        if service.settings.metrics == "token":
            authorize(caller_of(request.scope).actor, Permission.READ)
        text = await asyncio.to_thread(service.metrics.text)
        return Response(text, headers={"Content-Type": CONTENT_TYPE})

    async def refused(self, _request: Request, error: Exception) -> Response:
        """403, with an entry in the audit log."""
        if not isinstance(error, AuthorizationError):
            return _to_response(internal_error(error))
        await asyncio.to_thread(self._service.note_refusal, error)
        return _to_response(ProblemError(403, f"{error}; {_ROLES}"))

    def status(self, sessions: Sessions[Caller], log_in: LogIn) -> StatusRoutes:
        """The routes of the status pages, which share the bounds of these."""
        return StatusRoutes(
            self._service,
            sessions,
            log_in,
            read=self._form,
            one_of=self._service.admission.place,
        )

    def labelling(self, labels: LabelService, sessions: Sessions[Caller]) -> LabelRoutes:
        """The routes of the labelling page, which share the bounds of these."""
        return LabelRoutes(
            labels, sessions, read=self._small_body, one_of=self._service.admission.place
        )

    def state(self, labels: LabelService) -> StateRoutes:
        """The routes of models, runs and verdicts, which share the bounds of these."""
        return StateRoutes(
            self._service.state(labels), read=self._small_body, one_of=self._service.admission.place
        )

    async def _small_body(self, request: Request) -> bytes:
        """A body that is held for as long as it is read."""
        with self._service.admission.body(_length(request, self._service.settings)):
            return await self._body(request)

    async def _form(self, request: Request) -> bytes:
        if int(request.headers.get("content-length", _MOST_FORM)) > _MOST_FORM:
            raise _too_large(_MOST_FORM)
        return await self._small_body(request)

    async def _body(self, request: Request) -> bytes:
        settings = self._service.settings
        seconds = settings.body_timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                return await _read(request, settings.max_body_bytes)
        except TimeoutError:
            raise ProblemError(408, f"the body did not arrive within {seconds:g} s") from None
        except ClientDisconnect:
            raise ProblemError(CLIENT_CLOSED, "the client closed the connection") from None


def _length(request: Request, settings: ServeSettings) -> int:
    """Bytes of a body, by its request's head; as many as it may have where that says nothing.

    Raises:
        ProblemError: when they are too many, or compressed.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise ProblemError(415, "send the body without a content encoding")
    length = int(request.headers.get("content-length", settings.max_body_bytes))
    if length > settings.max_body_bytes:
        raise _too_large(settings.max_body_bytes)
    return length


def build_app(
    service: ScoringService,
    *,
    labels: tuple[LabelService, Sessions[Caller]] | None = None,
    log_in: LogIn | None = None,
    docs: bool = False,
) -> FastAPI:
    """Make the application.

    Args:
        service: scores and lists the tasks.
        labels: the labelling page's service and its sessions; None serves no such page.
        log_in: takes a token on the status pages; None serves no such pages. It takes `labels`,
            whose sessions they share.
        docs: whether to serve /openapi.json. There is no page that shows it: the usual ones load
            scripts from other hosts.
    """
    app = FastAPI(
        title="sftsec",
        version=__version__,
        openapi_url="/openapi.json" if docs else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    routes = _Routes(service)
    _add_scoring(app, routes, service.names())
    _add_monitoring(app, routes)
    if labels is not None:
        add_label_routes(app, routes.labelling(*labels), _problems)
        add_state_routes(app, routes.state(labels[0]), _problems)
        if log_in is not None:
            add_status_routes(app, routes.status(labels[1], log_in))
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    app.add_exception_handler(AuthorizationError, routes.refused)
    return app


def _add_scoring(app: FastAPI, routes: _Routes, tasks: list[str]) -> None:
    for path, handle, model in (
        (SCORE, routes.score, ScoreResponse),
        (EXPLAIN, routes.explain, ExplainResponse),
    ):
        app.add_api_route(
            path,
            handle,
            methods=["POST"],
            responses={200: {"model": model}, **_problems(_SCORE_STATUSES)},
            openapi_extra={"requestBody": _batch_of(path, tasks)},
            dependencies=_BEARER,
        )
    app.add_api_route(
        "/v1/tasks",
        routes.tasks,
        methods=["GET"],
        responses={200: {"model": TaskList}, **_problems(_STATUSES)},
        dependencies=_BEARER,
    )


def _batch_of(path: str, tasks: list[str]) -> dict[str, Any]:
    # A reference starts at the document's root, and pydantic's definitions stand in the schema.
    place = f"#/paths/{path.replace('/', '~1')}/post/requestBody/content/application~1json/schema"
    schema = ScoreRequest.model_json_schema(ref_template=f"{place}/$defs/{{model}}")
    schema["properties"]["task"]["enum"] = tasks
    return {"required": True, "content": {_JSON: {"schema": schema}}}


def _add_monitoring(app: FastAPI, routes: _Routes) -> None:
    alive = {200: {"model": Alive}, **_problems(_OPEN)}
    app.add_api_route("/healthz", routes.healthz, methods=["GET"], responses=alive)
    ready = {200: {"model": Readiness}, **_problems(_OPEN)}
    ready[503]["content"][_JSON] = {"schema": TypeAdapter(Readiness).json_schema()}
    app.add_api_route("/readyz", routes.readyz, methods=["GET"], responses=ready)
    app.add_api_route(
        METRICS,
        routes.metrics,
        methods=["GET"],
        responses={200: {"content": {"text/plain": {}}}, **_problems(_STATUSES)},
        response_class=PlainTextResponse,
        dependencies=_BEARER,
    )


def _problems(statuses: Iterable[int]) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route, for its description."""
    return {
        each: {"description": title(each), "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}}
        for each in statuses
    }


async def _read(request: Request, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


async def _parsed(body: bytes, max_batch: int) -> ScoreBatch:
    if len(body) <= _PARSED_AT_ONCE:
        return read_request(body, max_batch=max_batch)
    return await asyncio.to_thread(read_request, body, max_batch=max_batch)


async def _wait_unless_closed(scored: asyncio.Future[bytes], request: Request) -> bytes:
    """Wait for the response; a request whose client closes the connection leaves the queue."""
    # The body is read: the next message can only be the end of the connection.
    closed = asyncio.ensure_future(request.receive())
    either: set[asyncio.Future[Any]] = {scored, closed}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        closed.cancel()
    if not scored.done():
        scored.cancel()
        raise ProblemError(CLIENT_CLOSED, "the client closed the connection")
    return scored.result()


def _too_large(limit: int) -> ProblemError:
    return ProblemError(413, f"a body may hold {limit:,} bytes: send fewer events at once")


def _to_response(problem: ProblemError) -> JSONResponse:
    return JSONResponse(
        problem.to_json(), problem.status, headers=problem.headers, media_type=MEDIA_TYPE
    )


async def _handle_error(_request: Request, error: Exception) -> Response:
    return _to_response(error if isinstance(error, ProblemError) else internal_error(error))


async def _handle_routing_error(request: Request, error: Exception) -> Response:
    """404 for an unknown path, 405 for another method."""
    if not isinstance(error, HTTPException):
        return _to_response(internal_error(error))
    known = ", ".join(sorted(path for path in PATHS if not path.startswith(f"{PAGE}/")))
    detail = f"unknown path; known are {known}"
    headers = dict(error.headers or {})
    if error.status_code != 404:
        methods = _methods(request)
        detail = f"wrong method: use {' or '.join(methods)} {request.url.path}"
        headers["Allow"] = ", ".join(methods)
    return _to_response(ProblemError(error.status_code, detail, headers=headers))


def _methods(request: Request) -> list[str]:
    """What a path takes; each of its methods is a route of its own."""
    routes = request.app.routes
    here = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in here for method in getattr(route, "methods", ())})


_HANDLERS: dict[Any, Any] = {
    ProblemError: _handle_error,
    HTTPException: _handle_routing_error,
    Exception: _handle_error,
}

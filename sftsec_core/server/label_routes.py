"""The routes of the labelling page and of `/v1/labels`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from sftsec_core.server.error_responses import ProblemError
from sftsec_core.server.label_page import (
    PAGE,
    QUEUE,
    RETRACTIONS,
    SECURITY_HEADERS,
    SESSION,
    VERDICTS,
    page_files,
)
from sftsec_core.server.label_schemas import (
    QueueResponse,
    RetractionsRequest,
    SessionResponse,
    VerdictsRequest,
    VerdictsResponse,
    read_body,
)
from sftsec_core.server.middleware import caller_of, request_log

if TYPE_CHECKING:
    from pydantic import BaseModel

    from sftsec_core.api.domain import Actor
    from sftsec_core.server.authentication import Caller
    from sftsec_core.server.label_service import LabelService
    from sftsec_core.server.sessions import Sessions

_MOST = 500
_FEW = 100
_JSON = "application/json"
T = TypeVar("T")
Described = dict[int | str, dict[str, Any]]
Describe = Callable[[tuple[int, ...]], Described]


class LabelRoutes:
    """The functions of the routes."""

    def __init__(
        self,
        labels: LabelService,
        sessions: Sessions[Caller],
        *,
        read: Callable[[Request], Awaitable[bytes]],
        one_of: Callable[[str | None], AbstractContextManager[None]],
    ) -> None:
        """Take what they share with the other routes.

        Args:
            labels: answers.
            sessions: of the page.
            read: a request's body, bounded in bytes and in time.
            one_of: counts a token's requests, and refuses one too many.
        """
        self._labels = labels
        self._sessions = sessions
        self._read = read
        self._one_of = one_of
        self._files = page_files()

    @property
    def paths(self) -> Iterable[str]:
        """Of the page and its files."""
        return self._files

    async def page(self, request: Request) -> Response:
        """The labelling page and its files."""
        path = request.url.path
        file = self._files[path]
        cached = "no-store" if path == PAGE else "no-cache"
        headers = {**SECURITY_HEADERS, "ETag": file.etag, "Cache-Control": cached}
        if request.headers.get("if-none-match") == file.etag and path != PAGE:
            return Response(status_code=304, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)

    async def session(self, request: Request) -> Response:
        """Who asks, and what may be judged."""
        return answer(await self._call(request, self._labels.session))

    async def log_in(self, request: Request) -> Response:
        """Take a token for a session: the cookie stands for it on the page."""
        found = await self._call(request, self._labels.session)
        return answer(found, {"Set-Cookie": self._sessions.start(caller_of(request.scope))})

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        return Response(
            status_code=204, headers={"Set-Cookie": self._sessions.end(request.scope["headers"])}
        )

    async def queue(self, request: Request) -> Response:
        """What waits for a verdict; 304 when nothing has changed since the ETag that is sent."""
        task = request.query_params.get("task") or None
        after, limit = whole_number(request, "after"), whole_number(request, "limit")
        many = _FEW if limit is None else max(1, min(limit, _MOST))
        return await self._unless_unchanged(
            request, lambda who: self._labels.queue(who, task, after, many)
        )

    async def verdicts(self, request: Request) -> Response:
        """The last verdicts; 304 when nothing has changed since the ETag that is sent."""
        limit = whole_number(request, "limit")
        many = _FEW if limit is None else max(1, min(limit, _MOST))
        return await self._unless_unchanged(request, lambda who: self._labels.verdicts(who, many))

    async def judge(self, request: Request) -> Response:
        """Give verdicts."""
        given = read_body(await self._read(request), VerdictsRequest)
        request_log(request.scope).events = len(given.verdicts)
        return answer(await self._call(request, lambda who: self._labels.judge(who, given)))

    async def retract(self, request: Request) -> Response:
        """Take verdicts back."""
        given = read_body(await self._read(request), RetractionsRequest)
        return answer(await self._call(request, lambda who: self._labels.retract(who, given)))

    async def _unless_unchanged(
        self, request: Request, read: Callable[[Actor], BaseModel]
    ) -> Response:
        # Read before the content: a change meanwhile is then found by the next request.
        etag = f'"{await self._call(request, self._labels.version)}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"ETag": etag, **_PRIVATE})
        return answer(await self._call(request, read), {"ETag": etag})

    async def _call(self, request: Request, call: Callable[[Actor], T]) -> T:
        actor = caller_of(request.scope).actor
        with self._one_of(actor.name):
            return await run_in_threadpool(call, actor)


_PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def answer(found: BaseModel, headers: Mapping[str, str] | None = None) -> Response:
    """A response that no cache keeps."""
    body = found.model_dump_json().encode()
    return Response(body, media_type=_JSON, headers={**_PRIVATE, **(headers or {})})


def whole_number(request: Request, name: str) -> int | None:
    """A query parameter as a number; None where it is not given.

    Raises:
        ProblemError: when it is none.
    """
    given = request.query_params.get(name)
    if given is None or given == "":
        return None
    try:
        return int(given[:20])
    except ValueError:
        raise ProblemError(422, f"{name}: must be a whole number") from None


def add_label_routes(app: FastAPI, routes: LabelRoutes, problems: Describe) -> None:
    """Add the page and `/v1/labels` to an application.

    Args:
        app: gets the routes.
        routes: their functions.
        problems: describes the error responses with these statuses.
    """
    for path in routes.paths:
        app.add_api_route(path, routes.page, methods=["GET"], include_in_schema=False)
    reading = problems((400, 401, 403, 408, 429, 500, 503))
    writing = problems((400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 502, 503))
    found: Described = {200: {"model": SessionResponse}, **reading}
    app.add_api_route(SESSION, routes.session, methods=["GET"], responses=found)
    app.add_api_route(SESSION, routes.log_in, methods=["POST"], responses=found)
    app.add_api_route(
        SESSION, routes.log_out, methods=["DELETE"], status_code=204, responses=reading
    )
    limit, after = parameter("limit", "integer"), parameter("after", "integer")
    app.add_api_route(
        QUEUE,
        routes.queue,
        methods=["GET"],
        responses={200: {"model": QueueResponse}, **problems((404, 422)), **reading},
        openapi_extra={"parameters": [parameter("task", "string"), after, limit]},
    )
    said: Described = {200: {"model": VerdictsResponse}}
    app.add_api_route(
        VERDICTS,
        routes.verdicts,
        methods=["GET"],
        responses={**said, **problems((422,)), **reading},
        openapi_extra={"parameters": [limit]},
    )
    for path, handle, model in (
        (VERDICTS, routes.judge, VerdictsRequest),
        (RETRACTIONS, routes.retract, RetractionsRequest),
    ):
        at = f"#/paths/{path.replace('/', '~1')}/post/requestBody/content/application~1json/schema"
        schema = model.model_json_schema(ref_template=f"{at}/$defs/{{model}}")
        body = {"required": True, "content": {_JSON: {"schema": schema}}}
        app.add_api_route(
            path,
            handle,
            methods=["POST"],
            responses={**said, **writing},
            openapi_extra={"requestBody": body},
        )


def parameter(name: str, kind: str) -> dict[str, Any]:
    """Describe an optional query parameter."""
    return {"name": name, "in": "query", "required": False, "schema": {"type": kind}}

"""The HTTP application; with `endpoint.py` the only room in which FastAPI and its kin live."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from sftsec_core import __version__
from sftsec_core.server.error_responses import CLIENT_GONE, MEDIA_TYPE, ProblemError, busy
from sftsec_core.server.middleware import PATHS, request_log_of, unforeseen
from sftsec_core.server.schemas import ScoreRequest, ScoreResponse, read_request

if TYPE_CHECKING:
    from sftsec_core.server.service import Service

BODY_S = 30.0
# Bodies that are read at once: what has not come in whole has no place in a queue yet.
_READING_AT_ONCE = 32
_JSON = "application/json"


class _Api:
    """The routes' functions, with what they share."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._reading = 0

    async def score(self, request: Request) -> Response:
        """Score a batch of events with the task's model in service."""
        settings = self._service.settings
        body = await self._body(request, settings.max_body_bytes)
        asked = read_request(body, max_batch=settings.max_batch)
        request_log_of(request.scope).events = len(asked.events)
        scored = asyncio.wrap_future(self._service.submit(asked))
        return Response(await _unless_gone(scored, request), media_type=_JSON)

    async def tasks(self) -> JSONResponse:
        """What may be asked: tasks, labels, text fields, models in service."""
        return JSONResponse({"tasks": self._service.tasks()})

    async def healthz(self) -> JSONResponse:
        """200 while the process lives."""
        return JSONResponse({"status": "alive"})

    async def readyz(self) -> JSONResponse:
        """200 once the models in service are loaded."""
        ready, state = self._service.readiness()
        return JSONResponse(state, 200 if ready else 503)

    async def _body(self, request: Request, limit: int) -> bytes:
        if request.headers.get("content-encoding", "identity") != "identity":
            raise ProblemError(415, "send the body as it is, without a content encoding")
        if int(request.headers.get("content-length", 0)) > limit:
            raise _too_large(limit)
        if self._reading >= _READING_AT_ONCE:
            raise busy("too many requests are being read: send it again later", seconds=1)
        self._reading += 1
        try:
            async with asyncio.timeout(BODY_S):
                return await _read(request, limit)
        except TimeoutError:
            raise ProblemError(408, f"the body did not arrive within {BODY_S:.0f} s") from None
        except ClientDisconnect:
            raise ProblemError(CLIENT_GONE, "the client went away") from None
        finally:
            self._reading -= 1


def build_app(service: Service, *, docs: bool = False) -> FastAPI:
    """Make the application.

    Args:
        service: what answers.
        docs: whether to describe itself at /openapi.json. There is no page that shows it: the
            usual ones load scripts from elsewhere.
    """
    app = FastAPI(
        title="sftsec",
        version=__version__,
        openapi_url="/openapi.json" if docs else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    api = _Api(service)
    body = {"required": True, "content": {_JSON: {"schema": ScoreRequest.model_json_schema()}}}
    app.add_api_route(
        "/v1/score",
        api.score,
        methods=["POST"],
        responses={200: {"model": ScoreResponse}},
        openapi_extra={"requestBody": body},
    )
    app.add_api_route("/v1/tasks", api.tasks, methods=["GET"])
    app.add_api_route("/healthz", api.healthz, methods=["GET"])
    app.add_api_route("/readyz", api.readyz, methods=["GET"])
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    return app


async def _read(request: Request, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


async def _unless_gone(scored: asyncio.Future[bytes], request: Request) -> bytes:
    """Wait for the answer; a request whose sender has gone gives its place in the queue back."""
    # The body is read: the next thing to come can only be the end of the connection.
    gone = asyncio.ensure_future(request.receive())
    either: set[asyncio.Future[Any]] = {scored, gone}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
    if not scored.done():
        scored.cancel()
        raise ProblemError(CLIENT_GONE, "the client went away")
    return scored.result()


def _too_large(limit: int) -> ProblemError:
    return ProblemError(413, f"a body may hold {limit:,} bytes: send fewer events at once")


def _answer(problem: ProblemError) -> JSONResponse:
    return JSONResponse(
        problem.to_json(), problem.status, headers=problem.headers, media_type=MEDIA_TYPE
    )


async def _problem(_request: Request, error: Exception) -> Response:
    return _answer(error if isinstance(error, ProblemError) else unforeseen(error))


async def _refused(_request: Request, error: Exception) -> Response:
    """What the router says: no such path, or another method."""
    if not isinstance(error, HTTPException):
        return _answer(unforeseen(error))
    known = ", ".join(sorted(PATHS))
    words = f"nothing is at this path; there are {known}" if error.status_code == 404 else ""
    words = words or "this path answers another method; POST /v1/score, GET the others"
    return _answer(ProblemError(error.status_code, words, headers=error.headers))


_HANDLERS: dict[Any, Any] = {
    ProblemError: _problem,
    HTTPException: _refused,
    Exception: _problem,
}

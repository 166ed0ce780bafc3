"""The routes of `/v1/models`, `/v1/runs` and `/v1/verdicts`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from sftsec_core.server.label_routes import answer, parameter, whole_number
from sftsec_core.server.label_schemas import read_body
from sftsec_core.server.middleware import (
    MODELS,
    RUN,
    RUNS,
    SCHEDULES,
    VERDICTS,
    caller_of,
    request_log,
)
from sftsec_core.server.state_schemas import (
    AddedVerdictCounts,
    ModelPage,
    NewVerdicts,
    RunFigures,
    RunPage,
    ScheduleList,
)

if TYPE_CHECKING:
    from sftsec_core.api.domain import Actor
    from sftsec_core.server.label_routes import Describe
    from sftsec_core.server.state_service import StateService

_FEW, _MOST = 50, 500
_READING = (400, 401, 403, 404, 408, 422, 429, 500, 503)
_WRITING = (*_READING, 409, 413, 415, 502)
T = TypeVar("T")


class StateRoutes:
    """The functions of the routes."""

    def __init__(
        self,
        state: StateService,
        *,
        read: Callable[[Request], Awaitable[bytes]],
        one_of: Callable[[str | None], AbstractContextManager[None]],
    ) -> None:
        """Take what they share with the other routes.

        Args:
            state: answers.
            read: a request's body, bounded in bytes and in time.
            one_of: counts a token's requests, and refuses one too many.
        """
        self._state = state
        self._read = read
        self._one_of = one_of

    async def models(self, request: Request) -> Response:
        """List models, newest first."""
        asked = _asked(request)
        return answer(await self._call(request, lambda who: self._state.models(who, *asked)))

    async def runs(self, request: Request) -> Response:
        """List runs, newest first, with how each ended."""
        asked = _asked(request)
        return answer(await self._call(request, lambda who: self._state.runs(who, *asked)))

    async def run(self, request: Request) -> Response:
        """Show a run with its figures."""
        run = str(request.path_params["run"])
        return answer(await self._call(request, lambda who: self._state.run(who, run)))

    async def schedules(self, request: Request) -> Response:
        """List schedules, the next to run first, and why each is due or not."""
        return answer(await self._call(request, self._state.schedules))

    async def add_verdicts(self, request: Request) -> Response:
        """Give verdicts on incidents, in the name of the token's owner."""
        given = read_body(await self._read(request), NewVerdicts)
        request_log(request.scope).events = len(given.verdicts)
        return answer(await self._call(request, lambda who: self._state.add_verdicts(who, given)))

    async def _call(self, request: Request, call: Callable[[Actor], T]) -> T:
        who = caller_of(request.scope).actor
        with self._one_of(who.name):
            return await run_in_threadpool(call, who)


def _asked(request: Request) -> tuple[str | None, str | None, int]:
    """Task, cursor and limit of a page."""
    limit = whole_number(request, "limit")
    many = _FEW if limit is None else max(1, min(limit, _MOST))
    query = request.query_params
    return query.get("task") or None, query.get("cursor") or None, many


def add_state_routes(app: FastAPI, routes: StateRoutes, problems: Describe) -> None:
    """Add the routes to an application; `problems` describes error responses by their statuses."""
    page = [
        parameter("task", "string"),
        parameter("cursor", "string"),
        parameter("limit", "integer"),
    ]
    run = {**parameter("run", "string"), "in": "path", "required": True}
    for path, handle, model, parameters in (
        (MODELS, routes.models, ModelPage, page),
        (RUNS, routes.runs, RunPage, page),
        (RUN, routes.run, RunFigures, [run]),
        (SCHEDULES, routes.schedules, ScheduleList, []),
    ):
        app.add_api_route(
            path,
            handle,
            methods=["GET"],
            responses={200: {"model": model}, **problems(_READING)},
            openapi_extra={"parameters": parameters},
        )
    at = "#/paths/~1v1~1verdicts/post/requestBody/content/application~1json/schema/$defs/{model}"
    schema: dict[str, Any] = NewVerdicts.model_json_schema(ref_template=at)
    app.add_api_route(
        VERDICTS,
        routes.add_verdicts,
        methods=["POST"],
        responses={200: {"model": AddedVerdictCounts}, **problems(_WRITING)},
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}
        },
    )

"""The server's HTTP: four routes, each for a site that shows its token."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

from sftsec_core.api import ConfigError, DataError
from sftsec_federated.exchange import difference
from sftsec_federated.frame import MEDIA_TYPE, read_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from sftsec_federated.config import FederationSettings
    from sftsec_federated.rounds import Federation

_WAIT_S = 5.0  # that a request for an order is held
_LEAST = 16  # characters of a token
_HEAD = 1 << 16  # bytes of an answer beside its arrays


class RefusedError(Exception):
    """A request that is not served.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(reason)


def read_tokens(settings: FederationSettings) -> dict[str, str]:
    """Each site's token.

    Raises:
        ConfigError: when one is missing, short, or of two sites.
    """
    tokens = {site: reference.reveal().strip() for site, reference in settings.sites.items()}
    for site, token in tokens.items():
        if len(token) < _LEAST:
            raise ConfigError(f"sites: the token of {site} has fewer than {_LEAST} characters")
    if len(set(tokens.values())) != len(tokens):
        raise ConfigError("sites: two of them have the same token")
    return tokens


def make_app(federation: Federation, tokens: Mapping[str, str]) -> Starlette:
    """The application that uvicorn serves."""
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.routing import Route

    routes = FederationRoutes(federation, tokens)

    async def serve(request: Request) -> Response:
        try:
            site = routes.site_of(request.headers.get("authorization", ""))
            body = await _body(request, routes.most)
            return await run_in_threadpool(routes.answer, request.url.path, site, body)
        except (RefusedError, DataError) as error:
            status = error.status if isinstance(error, RefusedError) else 422
            federation.exchange.count(f"request refused with {status}")
            return _json({"detail": str(error)}, status)

    return Starlette(
        routes=[Route(f"/v1/{name}", serve, methods=["POST"]) for name in routes.NAMES]
    )


class FederationRoutes:
    """What each route answers."""

    NAMES = ("join", "order", "reply", "model")

    def __init__(self, federation: Federation, tokens: Mapping[str, str]) -> None:
        self._federation = federation
        self._tokens = dict(tokens)
        self.most = federation.state.weights.nbytes + _HEAD

    def site_of(self, authorization: str) -> str:
        """The site whose token it is; all are compared, in the same time.

        Raises:
            RefusedError: when it is no site's.
        """
        given = authorization.removeprefix("Bearer ").encode()
        found = [
            site
            for site, token in self._tokens.items()
            if hmac.compare_digest(token.encode(), given)
        ]
        if not found:
            raise RefusedError(401, "the token is no site's of this federation")
        return found[0]

    def answer(self, path: str, site: str, body: bytes) -> Response:
        """Answer one request.

        Raises:
            RefusedError, DataError: when it is not served.
        """
        name = path.rpartition("/")[2]
        if name != "join" and not self._federation.exchange.joined(site):
            raise RefusedError(428, "join first: the server was restarted")
        served: Response = getattr(self, f"_{name}")(site, body)
        return served

    def _join(self, site: str, body: bytes) -> Response:
        try:
            told = json.loads(body)
        except ValueError:
            raise DataError("what a site joins with must be JSON") from None
        if not isinstance(told, dict):
            raise DataError("what a site joins with must be a JSON object")
        found = difference(self._federation.settings.terms(), told)
        counts = told.get("counts")
        if found is not None:
            self._federation.say(f"{site} is refused: {found}")
            raise RefusedError(409, found)
        if not isinstance(counts, dict) or not all(map(_is_count, counts.values())):
            raise DataError("a site must say how many rows of each class it has")
        self._federation.exchange.join(site, counts)
        return _json(self._federation.plan)

    def _order(self, site: str, _body: bytes) -> Response:
        exchange = self._federation.exchange
        order = exchange.next_order(site, _WAIT_S)
        if order is not None:
            return _frame(order)
        return _json({"over": exchange.over}, 202)

    def _reply(self, site: str, body: bytes) -> Response:
        exchange = self._federation.exchange
        reason = exchange.reply(site, read_frame(body), self._federation.complaint)
        if reason is not None:
            self._federation.say(f"{site}: not taken: {reason}")
            raise RefusedError(409, reason)
        return _json({})

    def _model(self, site: str, _body: bytes) -> Response:
        model = self._federation.exchange.model(site)
        if model is None:
            raise RefusedError(409, "the rounds are not over")
        return _frame(model)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40


def _frame(content: bytes) -> Response:
    from starlette.responses import Response

    return Response(content, media_type=MEDIA_TYPE)


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(dict(body), status)


async def _body(request: Request, most: int) -> bytes:
    """Read a body up to a bound.

    Raises:
        RefusedError: when it is larger.
    """
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise RefusedError(413, f"an answer has at most {most:,} bytes here")
        pieces.append(piece)
    return b"".join(pieces)

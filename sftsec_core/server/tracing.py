"""Where the time of a request goes, as spans; without a collector none are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sftsec_core.server.middleware import PUBLIC_PATHS, shown_method, shown_path

if TYPE_CHECKING:
    from sftsec_core.server.middleware import Application, Message, Receive, Scope, Send

Headers = Iterable[tuple[bytes, bytes]]


class Tracing:
    """Makes no spans; `OtelTracing` does.

    No attribute of a span holds anything of an event, a token or its owner.
    """

    @contextmanager
    def request(self, name: str, headers: Headers) -> Iterator[Callable[[int], None]]:
        """The span of a request, in the trace of its headers; takes the response's status."""
        del name, headers
        yield lambda _status: None

    def link(self) -> object | None:
        """What links a batch to the request that is being answered; None without a span."""
        return None

    @contextmanager
    def batch(self, task: str, links: Sequence[object | None], events: int) -> Iterator[None]:
        """The span of a batch, linked to its requests."""
        del task, links, events
        yield

    @contextmanager
    def model(self, digest: str, rows: int) -> Iterator[None]:
        """The span of a call of a model, with so many rows."""
        del digest, rows
        yield

    def close(self) -> None:
        """Send what was not sent yet."""


class TracingMiddleware:
    """An ASGI application whose requests are spans, but for health and the page's files."""

    def __init__(self, app: Application, tracing: Tracing) -> None:
        """Take the application and what makes spans."""
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on within its span."""
        path = shown_path(scope)
        if path in PUBLIC_PATHS:
            await self._app(scope, receive, send)
            return
        with self._tracing.request(f"{shown_method(scope)} {path}", scope["headers"]) as end:

            async def send_and_end(message: Message) -> None:
                if message["type"] == "http.response.start":
                    end(message["status"])
                await send(message)

            await self._app(scope, receive, send_and_end)

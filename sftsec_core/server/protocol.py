"""uvicorn's HTTP protocol with deadlines, so that a connection is held by no one for nothing."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import h11
import orjson
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from sftsec_core.server.error_responses import MEDIA_TYPE, ProblemError, unavailable
from sftsec_core.server.listener import BoundedListener
from sftsec_core.server.middleware import Receive, Scope, Send, send_problem

# The application answers a late body itself, with 408; the connection ends a moment later.
_GRACE_S = 1.0
_BUSY_RETRY_S = 1
log = logging.getLogger("sftsec_core.server.connections")


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The bounds of a server's connections.

    Attributes:
        connections: open at once; those past them are answered with 503.
        head_s: seconds within which a request's head must be there.
        body_s: seconds within which its body must be there, and a response be read.
    """

    connections: int
    head_s: float
    body_s: float


class _Phase(Enum):
    """What a connection waits for, with a deadline."""

    HEAD = auto()
    BODY = auto()


class BoundedProtocol(H11Protocol):
    """One connection, which ends when its client is too slow."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        limits: ConnectionLimits,
        listener: BoundedListener,
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._limits = limits
        self._listener = listener
        self._descriptor = -1
        self._phase: _Phase | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline of the first request's head."""
        super().connection_made(transport)
        self._descriptor = transport.get_extra_info("socket").fileno()
        if self._listener.is_over():
            log.warning("requests were answered with 503: too many connections are open")
            self.app = _busy
        self._set_deadline()

    def data_received(self, data: bytes) -> None:
        """Handle what came, and set the deadline of what is missing."""
        super().data_received(data)
        self._set_deadline()

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of a body that no one reads."""
        super().on_response_complete()
        self._set_deadline()

    def pause_writing(self) -> None:
        """Give a client that does not read its response a deadline."""
        super().pause_writing()
        self._write_deadline = self.loop.call_later(self._limits.body_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        self._cancel_write_deadline()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, though its client has not read all."""
        super().timeout_keep_alive_handler()
        self._abort_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the deadlines."""
        self._listener.set_busy(self._descriptor, busy=False)
        self._cancel_deadline()
        self._cancel_write_deadline()
        super().connection_lost(exc)

    def _set_deadline(self) -> None:
        self._listener.set_busy(self._descriptor, busy=self._is_busy())
        phase = self._missing()
        if phase is self._phase:
            return
        self._cancel_deadline()
        self._phase = phase
        if phase is not None:
            head = phase is _Phase.HEAD
            seconds = self._limits.head_s if head else self._limits.body_s + _GRACE_S
            self._deadline = self.loop.call_later(seconds, self._expire)

    def _is_busy(self) -> bool:
        """Whether a request is there that has no answer yet."""
        answered = self.cycle is None or self.cycle.response_complete
        return self.conn.their_state is not h11.IDLE and (not answered or self.flow.read_paused)

    def _missing(self) -> _Phase | None:
        if self.transport.is_closing():
            return None
        if self.conn.their_state is h11.SEND_BODY:
            return _Phase.BODY
        # Between two requests uvicorn's own keep-alive timeout runs, until a byte arrives.
        is_new = self.cycle is None or bool(self.conn.trailing_data[0])
        return _Phase.HEAD if self.conn.their_state is h11.IDLE and is_new else None

    def _expire(self) -> None:
        log.warning("connections were closed: a %s did not arrive in time", self._late())
        if self._phase is _Phase.HEAD and self.conn.trailing_data[0]:
            seconds = self._limits.head_s
            self._answer(ProblemError(408, f"the head did not arrive within {seconds:g} s"))
        self.transport.close()
        self._abort_later()

    def _late(self) -> str:
        return "body" if self._phase is _Phase.BODY else "request's head"

    def _answer(self, problem: ProblemError) -> None:
        body = orjson.dumps(problem.to_json())
        headers = [
            ("content-type", MEDIA_TYPE),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        response = h11.Response(status_code=problem.status, headers=headers)
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")

    def _abort_later(self) -> None:
        # `close` waits until the client has read what is written.
        self._cancel_deadline()
        self._deadline = self.loop.call_later(_GRACE_S, self.transport.abort)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cancel_write_deadline(self) -> None:
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None


async def _busy(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer the request of a connection past the limit."""
    problem = unavailable(
        "too many connections are open: send it again later", seconds=_BUSY_RETRY_S
    )
    problem.headers["Connection"] = "close"
    await send_problem(send, problem)

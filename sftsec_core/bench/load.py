"""Clients that send requests over connections that they keep, each as fast as it is answered."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

_HEALTH_INTERVAL_S = 0.02
WAIT_S = 120.0  # for answers that are still to come when the time is over
_REFUSED = frozenset({429, 503})
CLOSED = 0  # the status of a request whose connection ended, before its answer

# In a body, stands for a number that no other request of this process has: what a server has
# scored once it may remember.
TURN = b"@turn@@"
_TURNS = itertools.count()


@dataclass(frozen=True, slots=True)
class Target:
    """A server to measure.

    Attributes:
        host: an address.
        port: of it.
        path: that is asked.
        token: a bearer token; None sends none.
    """

    host: str
    port: int
    path: str
    token: str | None = None

    def request(self, body: bytes) -> bytes:
        """A whole request, as it is sent."""
        bearer = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.host}\r\n{bearer}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def health(self) -> bytes:
        """A request that no client needs a token for."""
        return f"GET /healthz HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode()


@dataclass(slots=True)
class Load:
    """What the clients saw.

    Attributes:
        seconds: that it took, to the last answer that was waited for.
        unanswered: requests that had no answer when no more were waited for.
        statuses: how many answers had each; `CLOSED` where there was none.
        latencies_s: of the answers with 200.
        health_s: the latency of /healthz, over a new connection each time.
        digests: the models that are named in the answers.
    """

    seconds: float = 0.0
    unanswered: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    health_s: list[float] = field(default_factory=list)
    digests: set[bytes] = field(default_factory=set)

    def __iadd__(self, other: Load) -> Self:
        """Take in what was seen afterwards."""
        self.seconds += other.seconds
        self.unanswered += other.unanswered
        self.statuses += other.statuses
        self.latencies_s += other.latencies_s
        self.health_s += other.health_s
        self.digests |= other.digests
        return self

    def figures(self, events: int) -> dict[str, Any]:
        """Figures of requests with so many events each; milliseconds, None without an answer."""
        answered = len(self.latencies_s)
        return {
            "requests_per_s": round(answered / self.seconds, 1),
            "events_per_s": round(events * answered / self.seconds, 1),
            "p50_ms": _percentile_ms(self.latencies_s, 50),
            "p99_ms": _percentile_ms(self.latencies_s, 99),
            "refused": sum(self.statuses[each] for each in _REFUSED),
            "failed": sum(n for each, n in self.statuses.items() if each not in {*_REFUSED, 200}),
            "unanswered": self.unanswered,
            "healthz_p99_ms": _percentile_ms(self.health_s, 99),
        }


def _percentile_ms(seconds: Sequence[float], percent: int) -> float | None:
    return round(1000 * float(np.percentile(seconds, percent)), 1) if seconds else None


def run_load(
    target: Target,
    bodies: Sequence[bytes],
    clients: int,
    seconds: float,
    wait_s: float = WAIT_S,
) -> Load:
    """Send bodies from so many clients for so long, and wait for the answers that are to come.

    Args:
        target: the server.
        bodies: at least one for each client; no two clients send the same one. See `TURN`.
        clients: that ask at once, each the next body when it has its answer.
        seconds: within which requests are sent.
        wait_s: seconds afterwards within which answers count; the connections of those that have
            none then are closed.
    """
    return asyncio.run(_run(target, bodies, clients, seconds, wait_s))


async def _run(
    target: Target, bodies: Sequence[bytes], clients: int, seconds: float, wait_s: float
) -> Load:
    found = Load()
    requests = [target.request(body) for body in bodies]
    begin = time.perf_counter()
    end = begin + seconds
    probe = asyncio.create_task(_probe(target, found))
    asking = [
        asyncio.create_task(_client(target, requests[number::clients], end, found))
        for number in range(clients)
    ]
    done, late = await asyncio.wait(asking, timeout=seconds + wait_s)
    found.seconds = time.perf_counter() - begin
    found.unanswered = len(late)
    for task in (probe, *late):
        task.cancel()
    await asyncio.gather(probe, *late, return_exceptions=True)
    # What a client itself raised is a fault of this module.
    await asyncio.gather(*done)
    return found


async def _client(target: Target, requests: Sequence[bytes], end: float, found: Load) -> None:
    bodies = itertools.cycle(requests)
    with closing(_Connection(target)) as connection:
        while time.perf_counter() < end:
            sent = time.perf_counter()
            request = next(bodies).replace(TURN, b"%07d" % next(_TURNS))
            status, body = await connection.ask(request)
            found.statuses[status] += 1
            if status == 200:
                found.latencies_s.append(time.perf_counter() - sent)
                found.digests.add(_digest(body))


async def _probe(target: Target, found: Load) -> None:
    while True:
        # It is cancelled at the end, in the middle of a request too.
        with closing(_Connection(target)) as connection:
            sent = time.perf_counter()
            await connection.ask(target.health())
            found.health_s.append(time.perf_counter() - sent)
        await asyncio.sleep(_HEALTH_INTERVAL_S)


def _digest(body: bytes) -> bytes:
    """The model's digest in a response of ours; b"" in another one."""
    _, _, rest = body[:500].partition(b'"digest":"')
    return rest[:64]


class _Connection:
    """One that is opened again when the server has closed it."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return the status of the response and its body."""
        try:
            return await self._ask(request)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return CLOSED, b""

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._target.host, self._target.port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        _, _, length = head.partition(b"content-length:")
        body = await reader.readexactly(int(length.split(b"\r\n", 1)[0] or 0))
        if b"connection: close" in head:
            self.close()
        return int(head.split()[1]), body

    def close(self) -> None:
        """Close it; the next request opens it again."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

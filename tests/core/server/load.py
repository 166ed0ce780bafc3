"""How `sftsec serve` answers others while it is attacked: python -m tests.core.server.load.

It prints, for each kind of load, how many were answered and how, the latency of /healthz for a
client that opens a connection for each request, and the server's memory (RSS). No test runs it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import select
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil

from tests.core.server.process import started
from tests.core.server.site import OTHER, TOKEN, Client, Site, wait_until

CALLERS = 8
PROBES_A_SECOND = 50
TIMEOUT_S = 20.0
TEXT = "urgent: verify your account, user anna@shop.example, 4111 1111 1111 1111 "


def request(head: str, body: bytes = b"", token: str = TOKEN) -> bytes:
    """A whole request, as it is sent."""
    lines = (head, "Host: x", f"Authorization: Bearer {token}", f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode() + body


def good(token: str) -> bytes:
    event = {"id": 1, "fields": {"message": TEXT * 5}}
    body = json.dumps({"task": "mail", "events": [event]}).encode()
    return request("POST /v1/score HTTP/1.1", body, token)


BAD: tuple[bytes, ...] = (
    request("POST /v1/score HTTP/1.1", b"{"),
    request("POST /v1/score HTTP/1.1", b"[" * 100_000),
    request("POST /v1/score HTTP/1.1", b'{"task": "none", "events": []}'),
    request("POST /v1/score HTTP/1.1", b'{"task": "mail", "events": [{"id": %b}]}' % (b"9" * 5000)),
    request(
        "POST /v1/score HTTP/1.1",
        b'{"task": "mail", "events": [{"fields": {"a": %b}}]}' % (b"[" * 30_000 + b"]" * 30_000),
    ),
    request("GET /nowhere HTTP/1.1"),
    request("DELETE /v1/score HTTP/1.1"),
    b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x00\xff",
)


class Connection:
    """One that is opened again when the server has closed it."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        assert place.hostname is not None
        assert place.port is not None
        self._place = (place.hostname, place.port)
        self._socket: socket.socket | None = None

    def ask(self, sent: bytes) -> str:
        """The status; "closed" or "late" where there is none."""
        try:
            if self._socket is None:
                self._socket = socket.create_connection(self._place, TIMEOUT_S)
            self._socket.sendall(sent)
            return self._status(self._socket)
        except TimeoutError:
            self.close()
            return "late"
        except OSError:
            self.close()
            return "closed"

    def _status(self, connection: socket.socket) -> str:
        answer = connection.recv(1 << 16)
        while b"\r\n\r\n" not in answer and (more := connection.recv(1 << 16)):
            answer += more
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head:
            self.close()
            return "closed"
        size = _length_of(head)
        while len(body) < size and (more := connection.recv(1 << 16)):
            body += more
        if b"connection: close" in head.lower():
            self.close()
        return head.split()[1].decode()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _length_of(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


@dataclass
class Probe:
    """Asks for /healthz again and again, over a connection of its own each time."""

    url: str
    process: psutil.Process
    statuses: Counter[str] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    most_rss: int = 0

    @contextmanager
    def running(self) -> Iterator[Probe]:
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,))
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(1 / PROBES_A_SECOND):
            connection, begin = Connection(self.url), time.perf_counter()
            self.statuses[connection.ask(request("GET /healthz HTTP/1.1"))] += 1
            self.latencies_s.append(time.perf_counter() - begin)
            connection.close()
            self.most_rss = max(self.most_rss, self.process.memory_info().rss)

    def told(self) -> str:
        p50, p99 = np.percentile(self.latencies_s, (50, 99)) * 1000
        worst = max(self.latencies_s) * 1000
        now = self.process.memory_info().rss / 2**20
        return (
            f"/healthz {dict(self.statuses)}, p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
            f"max {worst:.0f} ms; RSS {now:.0f} MiB, at most {self.most_rss / 2**20:.0f} MiB"
        )


def many(url: str, count: int, sent: Callable[[int], bytes]) -> Counter[str]:
    """Send so many requests from a few callers, each over a connection that it keeps."""

    def call(caller: int) -> Counter[str]:
        connection, found = Connection(url), Counter[str]()
        for number in range(caller, count, CALLERS):
            found[connection.ask(sent(number))] += 1
        connection.close()
        return found

    with ThreadPoolExecutor(CALLERS) as pool:
        return sum(pool.map(call, range(CALLERS)), Counter[str]())


class Held:
    """Idle connections and slow bodies; those that the server closes are opened again."""

    def __init__(self, url: str) -> None:
        self.found: Counter[str] = Counter()
        self._place = (urlsplit(url).hostname, urlsplit(url).port)
        self._held: dict[int, tuple[socket.socket, str]] = {}
        self._watched = select.poll()

    def open(self, kind: str) -> None:
        with contextlib.suppress(OSError):
            made = socket.create_connection(self._place, TIMEOUT_S)
            if kind == "slow":
                made.sendall(request("POST /v1/score HTTP/1.1", b"x" * 90_000)[:-89_000])
            self._held[made.fileno()] = (made, kind)
            self._watched.register(made, select.POLLIN)
            self.found[f"{kind} opened"] += 1

    def step(self) -> None:
        for number, _ in self._watched.poll(200):
            made, kind = self._held.pop(number)
            self._watched.unregister(number)
            made.close()
            self.found[f"{kind} closed"] += 1
            self.open(kind)
        for made, kind in self._held.values():
            if kind == "slow":
                with contextlib.suppress(OSError):
                    made.send(b"x")

    def close(self) -> None:
        for made, _ in self._held.values():
            made.close()


def idle(url: str, count: int, slow: int, seconds: float) -> Counter[str]:
    """Hold idle connections and slow bodies for so long."""
    held, end = Held(url), time.monotonic() + seconds
    for number in range(count + slow):
        held.open("idle" if number < count else "slow")
    while time.monotonic() < end:
        held.step()
    held.close()
    return held.found


def nothing() -> Counter[str]:
    """Wait, for the latency of an idle server."""
    time.sleep(3)
    return Counter()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--idle", type=int, default=1000)
    asked.add_argument("--slow", type=int, default=100)
    asked.add_argument("--seconds", type=float, default=20)
    asked.add_argument("--bad", type=int, default=10_000)
    asked.add_argument("--good", type=int, default=50_000)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Site.live_model(Path(folder))
        site.context.close()
        with started(site) as (process, url):
            threading.Thread(target=process.stderr.read, daemon=True).start()  # type: ignore[union-attr]
            wait_until(Client(url), "/readyz", status="ready")
            server, goods = psutil.Process(process.pid), (good(TOKEN), good(OTHER))
            loads: list[tuple[str, Callable[[], Counter[str]]]] = [
                ("nothing", nothing),
                ("idle and slow", lambda: idle(url, given.idle, given.slow, given.seconds)),
                ("bad", lambda: many(url, given.bad, lambda n: BAD[n % len(BAD)])),
                ("good", lambda: many(url, given.good, lambda n: goods[n % 2])),
                ("good again", lambda: many(url, given.good // 5, lambda n: goods[n % 2])),
            ]
            for name, load in loads:
                begin = time.monotonic()
                with Probe(url, server).running() as probe:
                    found = load()
                seconds = time.monotonic() - begin
                print(f"{name}, {seconds:.1f} s: {dict(found)}; {probe.told()}", flush=True)


if __name__ == "__main__":
    main()

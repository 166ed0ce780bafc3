"""Clients, and the figures of what they saw, against a small server of this process."""

from __future__ import annotations

import http.server
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from sftsec_core.bench.load import CLOSED, TURN, Load, Target, run_load

DIGEST = "d" * 64


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: Counter[str]
    gate: threading.Event

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.seen[body] += 1
        assert self.headers["authorization"] == "Bearer secret"
        if body == "held":
            self.gate.wait()
        if body == "end":
            self.close_connection = True
            return
        self._answer({"busy": 503, "odd": 500}.get(body, 200))

    def do_GET(self) -> None:
        self._answer(200)

    def _answer(self, status: int) -> None:
        body = f'{{"model":{{"digest":"{DIGEST}"}}}}'.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_given: object) -> None:
        pass


@pytest.fixture
def target() -> Iterator[Target]:
    Handler.seen = Counter()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Target("127.0.0.1", server.server_address[1], "/score", "secret")
        server.shutdown()
        thread.join()


class TestRunLoad:
    def test_counts_each_kind_of_answer(self, target: Target) -> None:
        found = run_load(target, [b"good", b"busy", b"odd", b"end"], 2, 0.2)
        assert set(found.statuses) == {200, 503, 500, CLOSED}
        assert found.digests == {DIGEST.encode()}
        assert len(found.latencies_s) == found.statuses[200] == Handler.seen["good"]
        figures = found.figures(10)
        assert figures["refused"] == found.statuses[503]
        assert figures["failed"] == found.statuses[500] + found.statuses[CLOSED]
        assert figures["events_per_s"] == pytest.approx(10 * figures["requests_per_s"], rel=0.01)
        assert 0 < figures["p50_ms"] <= figures["p99_ms"] < 1000 * found.seconds
        assert figures["healthz_p99_ms"] > 0

    def test_clients_share_no_body(self, target: Target) -> None:
        run_load(target, [f"{number}".encode() for number in range(6)], 3, 0.1)
        assert set(Handler.seen) == {f"{number}" for number in range(6)}
        run_load(target, [b"one", b"other"], 2, 0.0)
        assert not {"one", "other"} & set(Handler.seen)

    def test_sends_no_text_twice(self, target: Target) -> None:
        found = run_load(target, [b"host-" + TURN], 1, 0.1)
        assert len(Handler.seen) == found.statuses[200] > 1
        assert set(Handler.seen.values()) == {1}
        assert all(len(body) == len("host-" + "0" * 7) for body in Handler.seen)

    def test_counts_what_has_no_answer(self, target: Target) -> None:
        Handler.gate = threading.Event()
        try:
            found = run_load(target, [b"held", b"good"], 2, 0.05, wait_s=0.05)
        finally:
            Handler.gate.set()
        assert (found.unanswered, found.figures(1)["unanswered"]) == (1, 1)
        assert set(found.statuses) == {200}
        assert 0.1 <= found.seconds < 5

    def test_late_answers_count(self, target: Target) -> None:
        Handler.gate = threading.Event()
        opened = threading.Timer(0.1, Handler.gate.set)
        opened.start()
        found = run_load(target, [b"held"], 1, 0.01)
        assert (found.statuses[200], found.unanswered) == (1, 0)
        assert found.seconds >= 0.05


class TestFigures:
    def test_without_an_answer_are_none(self) -> None:
        found = Load(seconds=2.0, statuses=Counter({503: 4}))
        found += Load(seconds=2.0, statuses=Counter({503: 4, CLOSED: 1}), unanswered=3)
        figures = found.figures(1)
        assert (figures["p99_ms"], figures["requests_per_s"]) == (None, 0.0)
        assert (figures["refused"], figures["failed"], figures["unanswered"]) == (8, 1, 3)

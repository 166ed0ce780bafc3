"""The requests of the benchmark, its ratios, and servers that do not start."""

from __future__ import annotations

import json
import os
import time

import pytest

from sftsec_core.api.errors import SftsecError
from sftsec_core.bench import serve
from sftsec_core.bench.load import Load, Target
from sftsec_core.bench.serve import (
    _bodies,
    _measure,
    _process,
    _ratio,
    _Server,
    _Slice,
    _wait_until_idle,
    sum_slices,
)


class TestBodies:
    def test_hold_no_text_twice(self) -> None:
        bodies = [json.loads(body) for body in _bodies(10, 64)]
        assert [len(body["events"]) for body in bodies] == [10] * 64
        texts = {each["fields"]["message"] for body in bodies for each in body["events"]}
        assert len(texts) == 640


def slices(side: str, *answered: int) -> list[_Slice]:
    return [
        _Slice(side, Load(seconds=2.0, latencies_s=[0.01] * count), cpu_s=1.0) for count in answered
    ]


class TestRatio:
    def test_gives_the_spread_of_pairs(self) -> None:
        ours, bare = slices("ours", 60, 40), slices("bare", 20, 20)
        rows = [sum_slices(each).row(clients=8, events=10) for each in (ours, bare)]
        assert rows[0]["requests_per_s"] == 25.0
        assert rows[0]["events_per_cpu_s"] == 500.0
        assert _ratio(rows, list(zip(ours, bare, strict=True))) == {
            "clients": 8, "events": 10, "throughput": 2.5, "least": 2.0, "most": 3.0, "pairs": 2,
            "per_cpu_s": 2.5,
        }  # fmt: skip

    def test_is_none_without_an_answer(self) -> None:
        ours, bare = slices("ours", 5), slices("bare", 0)
        rows = [sum_slices(each).row(clients=8, events=1) for each in (ours, bare)]
        found = _ratio(rows, list(zip(ours, bare, strict=True)))
        assert [found[each] for each in ("throughput", "least", "most")] == [None] * 3


class TestMeasure:
    @pytest.mark.parametrize(("slice_s", "pairs"), [(0.5, 4), (1.1, 2), (9.0, 1)])
    def test_ends_when_loaded_for_long_enough(
        self, monkeypatch: pytest.MonkeyPatch, slice_s: float, pairs: int
    ) -> None:
        def load(target: Target, *_given: object) -> Load:
            asked.append(target.port)
            return Load(seconds=slice_s)

        asked: list[int] = []
        monkeypatch.setattr(serve, "run_load", load)
        servers = [_Server("side", Target("127.0.0.1", port, "/"), os.getpid()) for port in (1, 2)]
        assert len(_measure(servers, [b""], 1, 2.0, 1.0)) == pairs
        assert asked == [1, 2] * pairs


class TestServer:
    def test_counts_the_time_of_its_process(self) -> None:
        server = _Server("this", Target("127.0.0.1", 1, "/"), os.getpid())
        before = server.cpu_s()
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        assert 0.02 <= server.cpu_s() - before < 5
        assert server.rss_mb() > 1

    def test_that_computes_on_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(serve, "_IDLE_S", 0.05)
        server = _Server("this", Target("127.0.0.1", 1, "/"), os.getpid())
        _wait_until_idle(server, 5.0)
        with pytest.raises(SftsecError, match="this still computes 0 s after its last request"):
            _wait_until_idle(server, 0.0)


class TestProcess:
    def test_yields_the_line_that_is_said(self) -> None:
        with _process(["-c", "print('noise'); print('port 7', flush=True); input()"], "port ") as (
            process,
            line,
        ):
            assert line == "port 7\n"
        assert process.poll() is not None

    def test_that_ends_early_tells_why(self) -> None:
        with (
            pytest.raises(SftsecError, match="did not start: it lacks a port"),
            _process(["-c", "print('it lacks a port')"], "listening on "),
        ):
            pass

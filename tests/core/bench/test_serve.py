"""The requests of the benchmark, its ratios, and servers that do not start."""

from __future__ import annotations

import json
import os
import time

import pytest

from sftsec_core.api.errors import SftsecError
from sftsec_core.bench.load import Target
from sftsec_core.bench.serve import BODIES, _bodies, _process, _ratio, _Server


class TestBodies:
    def test_hold_no_text_twice(self) -> None:
        bodies = [json.loads(body) for body in _bodies(10)]
        assert [len(body["events"]) for body in bodies] == [10] * BODIES
        texts = {each["fields"]["message"] for body in bodies for each in body["events"]}
        assert len(texts) == 10 * BODIES


class TestRatio:
    def test_is_none_without_an_answer(self) -> None:
        ours = {"clients": 8, "events": 1, "events_per_s": 30.0, "events_per_cpu_s": 20.0}
        found = _ratio(ours, {"events_per_s": 12.0, "events_per_cpu_s": 10.0})
        assert (found["throughput"], found["per_cpu_s"]) == (2.5, 2.0)
        found = _ratio(ours, {"events_per_s": 0.0, "events_per_cpu_s": None})
        assert (found["throughput"], found["per_cpu_s"]) == (None, None)


class TestServer:
    def test_counts_the_time_of_its_process(self) -> None:
        server = _Server("this", Target("127.0.0.1", 1, "/"), os.getpid())
        before = server.cpu_s()
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        assert 0.02 <= server.cpu_s() - before < 5
        assert server.rss_mb() > 1


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

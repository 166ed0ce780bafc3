"""Processes that a warm server forks: they work, and are killed with all that they started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sftsec_core.bench.warm import WarmServer, kill_group

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def server() -> Iterator[WarmServer]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with WarmServer("tests.core.bench.warm_child", (), environment) as started:
        yield started


def read_all(told: int) -> list[str]:
    with os.fdopen(told, encoding="utf-8") as pipe:
        return pipe.read().splitlines()


class TestWarmServer:
    def test_starts_one_in_its_own_group(self, server: WarmServer) -> None:
        pid, told = server.start({"text": "done"})
        assert read_all(told) == [f"done {pid} {pid}"]

    def test_kills_all_of_a_group(self, server: WarmServer) -> None:
        pid, told = server.start({"text": "here", "stay": True})
        assert os.read(told, 4) == b"here"
        kill_group(pid)
        read_all(told)  # which waits for as long as one of them holds the pipe

    def test_ends_all_when_it_is_left(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with WarmServer("tests.core.bench.warm_child", (), environment) as own:
            _, told = own.start({"text": "here", "stay": True})
            assert os.read(told, 4) == b"here"
        read_all(told)  # which waits for as long as one of them holds the pipe

    def test_refuses_a_module_that_is_missing(self) -> None:
        with pytest.raises(RuntimeError, match=r"tests\.none"):
            WarmServer("tests.none", (), dict(os.environ))

"""An engine of a test module's own, which its tests may kill, start again and configure."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import psutil

from sftsec_core.testing.incidents import START
from tests.connectors.search.sites import Site, own_site
from tests.servers.elasticsearch import start_elasticsearch
from tests.servers.engines.engine import Engine
from tests.servers.engines.node import Settings
from tests.servers.opensearch import start_opensearch

_STARTERS: Mapping[str, Callable[[Settings | None], AbstractContextManager[Engine]]] = {
    "elastic": start_elasticsearch,
    "opensearch": partial(start_opensearch, security=False),
}


@dataclass(frozen=True)
class OwnEngine:
    """An engine, and a site on it."""

    engine: Engine
    site: Site
    _starter: ThreadPoolExecutor = field(repr=False)

    def crash(self, *, back: bool = True) -> Future[None]:
        """Kill the engine; it comes back meanwhile, or with `start`."""
        self.engine.kill()
        return self.start() if back else Future()

    def start(self) -> Future[None]:
        """Begin to start the engine; the result is there when it is ready."""
        return self._starter.submit(self.engine.start)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Let the engine take connections and answer nothing meanwhile."""
        launcher = self.engine.node._process
        assert launcher is not None
        process = psutil.Process(launcher.pid)
        processes = [process, *process.children(recursive=True)]
        for each in processes:
            each.suspend()
        try:
            yield
        finally:
            for each in processes:
                each.resume()

    def survive(self) -> None:
        """Be there for the next test, whatever this one did."""
        if not self.engine.node.alive:
            self.engine.start()


@contextmanager
def own_engine(vendor: str, extra: Settings | None = None) -> Iterator[OwnEngine]:
    """Start an engine with further settings; give it with a site on it."""
    with (
        ThreadPoolExecutor(1, "engine-back") as starter,
        _STARTERS[vendor](extra) as engine,
        own_site(vendor, engine) as site,
    ):
        own = OwnEngine(engine, site, starter)
        try:
            yield own
        finally:
            own.survive()


def events(count: int, *, at_once: int = 37, label: str | None = "spam") -> dict[str, Any]:
    """Documents by their ids; so many in a row are of one time, as events are."""
    return {
        f"event-{number:06d}": {
            "@timestamp": (START + timedelta(minutes=number // at_once)).isoformat(),
            "message": f"text {number}",
            **({"verdict": {"word": label, "by": "ann"}} if label else {}),
        }
        for number in range(count)
    }


def wait_until(true: Callable[[], bool], timeout_s: float = 60) -> None:
    """Wait for something that happens elsewhere."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@contextmanager
def overheard(name: str) -> Iterator[list[str]]:
    """The lines that a logger and those below it say meanwhile."""
    lines: list[str] = []
    logger, handler = logging.getLogger(name), logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)

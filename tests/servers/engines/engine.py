"""A search engine that a test may kill and start again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest

from tests.servers.engines.node import Node
from tests.servers.engines.server import SearchServer

_START_S = 180  # on a machine that is busy with other tests


@dataclass(frozen=True)
class Engine(SearchServer):
    """A search engine of a test's own; its port and its data outlive its processes."""

    node: Node = field(kw_only=True, repr=False)

    def start(self) -> None:
        """Start it and wait until it answers an administrator and has its indices at hand."""
        self.node.start()
        deadline = time.monotonic() + _START_S
        while not self._ready():
            if not self.node.alive or time.monotonic() > deadline:
                name, log = self.node.distribution.name, self.node.log[-8000:]
                pytest.fail(f"{name} did not start:\n{log}", pytrace=False)
            time.sleep(0.2)

    def kill(self) -> None:
        """End it as a crash would, without a word to its clients."""
        self.node.kill()

    def stop(self) -> None:
        """End it in good order."""
        self.node.stop()

    def _ready(self) -> bool:
        health = "/_cluster/health?wait_for_status=yellow&timeout=1s"
        try:
            return self.call("GET", health)[0] == 200
        except OSError:
            return False

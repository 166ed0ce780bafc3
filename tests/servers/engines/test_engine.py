"""An engine of a test alone, which is killed and started again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest

from tests.servers.elasticsearch import start_elasticsearch
from tests.servers.engines.counting import count
from tests.servers.engines.engine import Engine
from tests.servers.opensearch import start_opensearch

STARTERS = [
    start_elasticsearch,
    partial(start_opensearch, security=False),
    partial(start_opensearch, security=True),
]


class TestEngine:
    @pytest.mark.slow
    @pytest.mark.parametrize("start", STARTERS, ids=["elasticsearch", "opensearch", "secure"])
    def test_keeps_data_and_address_after_a_crash(
        self,
        start: Callable[[], AbstractContextManager[Engine]],
    ) -> None:
        with start() as engine:
            assert engine.call("PUT", "/alerts/_doc/1?refresh=true", {"message": "one"})[0] == 201
            engine.kill()
            with pytest.raises(OSError, match="refused"):
                engine.call("GET", "/")
            engine.start()
            assert count(engine, "alerts") == 1
            engine.stop()
            with pytest.raises(OSError, match="refused"):
                engine.call("GET", "/")
            folders = (engine.node.folder, engine.node.data)
        assert not any(folder.exists() for folder in folders)

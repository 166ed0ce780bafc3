"""`python -m tests.servers.engines.keeper KIND FOLDER` starts an engine and ends it when unused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from tests.servers.elasticsearch import start_elasticsearch
from tests.servers.engines.engine import Engine
from tests.servers.engines.shared import keep_until_unused, publish
from tests.servers.opensearch import start_opensearch

_START: dict[str, Callable[[], AbstractContextManager[Engine]]] = {
    "elasticsearch": start_elasticsearch,
    "opensearch": partial(start_opensearch, security=False),
    "opensearch-secure": partial(start_opensearch, security=True),
}

if __name__ == "__main__":
    kind, folder = sys.argv[1:]
    with _START[kind]() as server:
        publish(server, Path(folder))
        keep_until_unused(Path(folder))

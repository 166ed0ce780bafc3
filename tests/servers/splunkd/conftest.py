"""The double of splunkd: a fresh one for each test, or one with events for a module's searches."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.servers.splunkd.caller import Caller
from tests.servers.splunkd.events import Origin
from tests.servers.splunkd.server import start_splunkd
from tests.servers.splunkd.state import Splunkd

START = 1_700_000_000.0


@pytest.fixture
def splunk() -> Iterator[Splunkd]:
    """A double of the test's own, without TLS."""
    with start_splunkd(tls=False) as double:
        yield double


@pytest.fixture
def caller(splunk: Splunkd) -> Caller:
    """An admin who has logged in."""
    made = Caller(splunk)
    made.login()
    return made


@pytest.fixture(scope="module")
def _shared() -> Iterator[Splunkd]:
    with start_splunkd(tls=False) as double:
        yield double


@pytest.fixture
def indexed(_shared: Splunkd) -> Splunkd:
    """One double for a module, with these six events in its index."""
    _shared.event_store.by_index["main"] = []
    for number in range(5):
        event = {"n": number, "user": ["ann", "bob"][number % 2], "deep": {"tag": [number, "x"]}}
        _shared.index_event(json.dumps(event), START + number, Origin("main", "h1", "s", "json"))
    _shared.index_event(
        'src=10.0.0.1 action="logged in" n=9', START + 9, Origin("main", "h2", "s", "kv")
    )
    return _shared

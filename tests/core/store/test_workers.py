"""Workers are known by their signs of life, and drained by name."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sftsec_core.api.errors import NotFoundError
from sftsec_core.store.leases import LEASE
from sftsec_core.store.store import Store

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class TestWorkers:
    def test_are_lost_without_a_heartbeat(self, database_url: str, state: Path) -> None:
        now = [NOON]
        with Store.open(database_url, folder=state, clock=lambda: now[0]) as store:
            first = store.workers.register("1.0", 2)
            now[0] += LEASE
            second = store.workers.register("1.0", 1)
            assert not store.workers.heartbeat(second)
            now[0] += timedelta(seconds=1)
            found = {each.name: each for each in store.workers.list()}
            assert [found[name].state for name in (first, second)] == ["lost", "alive"]
            assert (found[first].slots, found[first].pid) == (2, os.getpid())
            now[0] += timedelta(days=2)
            third = store.workers.register("1.0", 1)
            assert [each.name for each in store.workers.list()] == [third]

    def test_say_what_they_fail_on(self, store: Store) -> None:
        first, second = (store.workers.register("1.0", 1) for _ in range(2))
        store.workers.report(first, "no clock\0")
        found = {each.name: each for each in store.workers.list()}
        assert (found[first].problem, found[first].failing) == ("no clock\ufffd", True)
        assert (found[second].problem, found[second].failing) == (None, False)
        store.workers.report(first, None)
        assert not any(each.failing for each in store.workers.list())

    def test_are_drained_by_name_or_all(self, store: Store) -> None:
        first, second = (store.workers.register("1.0", 1) for _ in range(2))
        assert store.workers.drain(first) == [first]
        assert (store.workers.heartbeat(first), store.workers.heartbeat(second)) == (True, False)
        assert sorted(store.workers.drain()) == sorted([first, second])
        store.workers.stop(first)
        states = {each.name: each.state for each in store.workers.list()}
        assert states == {first: "stopped", second: "draining"}
        with pytest.raises(NotFoundError, match=f"unknown worker.*{second}"):
            store.workers.drain(first)

"""The heartbeat renews a lease while work goes on, and stops work whose lease is lost."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from sftsec_core.api.errors import LeaseLostError, StoreError
from sftsec_core.store.leases import Heartbeat

LEASE = timedelta(milliseconds=60)


class Renewals:
    """Counts renewals, and fails as it is told."""

    def __init__(self, errors: tuple[Exception, ...] = ()) -> None:
        self.count = 0
        self.three = threading.Event()
        self._errors = list(errors)

    def __call__(self) -> None:
        self.count += 1
        if self.count >= 3:
            self.three.set()
        if self._errors:
            raise self._errors.pop(0)


def _check_until_it_raises(heartbeat: Heartbeat) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        heartbeat.check()


class TestHeartbeat:
    def test_renews_only_while_the_body_works(self) -> None:
        renewals = Renewals()
        with Heartbeat("run r1", LEASE, renewals) as heartbeat:
            assert renewals.three.wait(30)
            heartbeat.check()
        ended = renewals.count
        time.sleep(LEASE.total_seconds())
        assert renewals.count == ended

    def test_renews_again_after_the_store_failed(self) -> None:
        renewals = Renewals((StoreError("busy"), StoreError("busy")))
        with Heartbeat("run r1", LEASE, renewals) as heartbeat:
            assert renewals.three.wait(30)
            heartbeat.check()

    def test_stops_work_after_losing_the_lease(self) -> None:
        renewals = Renewals((LeaseLostError("another process took it over"),))
        with (
            pytest.raises(LeaseLostError, match="took it over"),
            Heartbeat("run r1", LEASE, renewals) as heartbeat,
        ):
            _check_until_it_raises(heartbeat)
        assert renewals.count == 1

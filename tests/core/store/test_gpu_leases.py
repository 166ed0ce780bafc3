"""Leases of GPUs: one run a device, ended by themselves, never renewed after their end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.errors import NotFoundError, StoreError
from sftsec_core.store.gpu_leases import (
    CROWDED,
    EXPIRED,
    FAILED,
    KEPT,
    RELEASED,
    RETURNED,
    GpuLeaseInfo,
    GpuLeaseOrder,
    GpuLeases,
)
from sftsec_core.store.store import Store

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LEASE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TWO = {"GPU-a": "0", "GPU-b": "1"}


class Clock:
    """Tells the time that a test sets."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(database_url: str, state: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(database_url, folder=state, actor="tester", clock=clock) as store:
        yield store


@pytest.fixture
def leases(opened: Store) -> GpuLeases:
    return opened.gpu_leases


def order(run: str = "r1", task: str = "mail", **other: Any) -> GpuLeaseOrder:
    return GpuLeaseOrder(
        **{
            **{"run_id": run, "task": task, "host": "here", "devices": TWO, "lease": LEASE},
            **other,
        }
    )


def taken(leases: GpuLeases, run: str = "r1", task: str = "mail", **other: Any) -> GpuLeaseInfo:
    lease = leases.take(order(run, task, **other))
    assert lease is not None
    return lease


def held_for(leases: GpuLeases, clock: Clock, task: str, span: timedelta) -> None:
    """Let a run of a task hold a device for some time."""
    lease = taken(leases, f"run of {task} {clock.now:%d%H%M%S}", task, lease=span + LEASE)
    clock.now += span
    leases.end(lease.id)


class TestTake:
    def test_gives_the_preferred_device_once(self, leases: GpuLeases) -> None:
        assert dict(taken(leases, "r1").devices) == {"GPU-a": "0"}
        assert dict(taken(leases, "r2").devices) == {"GPU-b": "1"}
        assert leases.take(order("r3")) is None

    def test_gives_several_or_none(self, leases: GpuLeases) -> None:
        both = taken(leases, "r1", count=2)
        assert dict(both.devices) == TWO
        assert [each.devices for each in leases.list()] == [TWO]
        leases.end(both.id)
        taken(leases, "r2")
        assert leases.take(order("r3", count=2)) is None
        assert dict(taken(leases, "r4").devices) == {"GPU-b": "1"}

    def test_what_is_not_renewed_is_free_again(self, leases: GpuLeases, clock: Clock) -> None:
        lost = taken(leases, "r1", count=2)
        clock.now += LEASE
        assert leases.list() == []
        assert dict(taken(leases, "r2").devices) == {"GPU-a": "0"}
        ended = leases.get(lost.id)
        assert (ended.end, ended.until) == (EXPIRED, NOON + LEASE)

    def test_what_the_run_itself_held_is_free(self, leases: GpuLeases) -> None:
        killed = taken(leases, "r1", devices={"GPU-a": "0"})
        again = taken(leases, "r1", devices={"GPU-a": "0"})
        assert leases.get(killed.id).end == EXPIRED
        assert [each.id for each in leases.list()] == [again.id]

    @pytest.mark.parametrize("end", [FAILED, CROWDED])
    def test_a_lost_device_rests_for_a_while(
        self, leases: GpuLeases, clock: Clock, end: str
    ) -> None:
        leases.end(taken(leases, "r1").id, end, "GPU is lost")
        assert leases.resting(HOUR) == {"GPU-a": "GPU is lost"}
        assert dict(taken(leases, "r1", rest=HOUR).devices) == {"GPU-b": "1"}
        assert leases.take(order("r2", rest=HOUR)) is None
        clock.now += HOUR
        assert dict(taken(leases, "r2", rest=HOUR).devices) == {"GPU-a": "0"}
        assert leases.resting(HOUR) == {}

    def test_old_ones_are_forgotten(self, leases: GpuLeases, clock: Clock) -> None:
        old = taken(leases, "r1")
        leases.end(old.id)
        clock.now += KEPT + LEASE
        taken(leases, "r2")
        with pytest.raises(NotFoundError):
            leases.get(old.id)

    def test_is_written_to_the_audit_log(self, opened: Store) -> None:
        lease = taken(opened.gpu_leases)
        opened.gpu_leases.end(lease.id, RETURNED)
        entries = [(each.action, each.object) for each in opened.audit.tail()]
        assert sorted(entries) == [("gpu.leased", lease.id), ("gpu.returned", lease.id)]


class TestRenew:
    def test_prolongs_from_now(self, leases: GpuLeases, clock: Clock) -> None:
        lease = taken(leases)
        clock.now += LEASE / 2
        assert leases.renew(lease.id, LEASE) is None
        assert leases.get(lease.id).until == clock.now + LEASE

    def test_tells_why_a_lease_has_ended(self, leases: GpuLeases, clock: Clock) -> None:
        lease = taken(leases, "r1", count=2)
        clock.now += 2 * LEASE
        taken(leases, "r2")
        assert leases.renew(lease.id, LEASE) == "the run's process was killed"
        assert not leases.end(lease.id)
        assert leases.get(lease.id).end == EXPIRED


class TestRelease:
    def test_takes_it_away_with_a_reason(self, opened: Store) -> None:
        leases = opened.gpu_leases
        lease = taken(leases)
        ended = leases.release(lease.id[:6], "inference needs it", actor="ann")
        assert (ended.end, ended.reason) == (RELEASED, "inference needs it")
        assert leases.renew(lease.id, LEASE) == "inference needs it"
        assert leases.resting(HOUR) == {"GPU-a": "inference needs it"}
        entry = opened.audit.tail()[-1]
        assert (entry.actor, entry.action, entry.details["reason"]) == (
            *("ann", "gpu.released"),
            "inference needs it",
        )

    def test_unknown_and_ended_ones_are_refused(self, leases: GpuLeases, clock: Clock) -> None:
        lease = taken(leases)
        for name in ("nope", ""):
            with pytest.raises(NotFoundError, match=lease.id):
                leases.release(name, "x")
        clock.now += LEASE
        with pytest.raises(NotFoundError, match="none are known"):
            leases.release(lease.id, "x")

    def test_an_ambiguous_beginning_is_refused(
        self, leases: GpuLeases, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from sftsec_core.store import gpu_leases

        class Same:
            number = 0

            @property
            def hex(self) -> str:
                Same.number += 1
                return f"abc{Same.number:09d}"

        monkeypatch.setattr(gpu_leases, "uuid4", Same)
        taken(leases, "r1")
        taken(leases, "r2")
        with pytest.raises(StoreError, match="ambiguous"):
            leases.release("abc", "x")


@dataclass(frozen=True)
class Waiting:
    task: str
    number: int = 0


class TestFairShare:
    def test_hours_count_devices_and_open_leases(self, leases: GpuLeases, clock: Clock) -> None:
        held_for(leases, clock, "mail", 2 * HOUR)
        held_for(leases, clock, "dns", HOUR)
        taken(leases, "r9", "mail", count=2, lease=10 * HOUR)
        clock.now += HOUR
        assert leases.gpu_hours("mail", NOON) == pytest.approx(4)
        assert leases.gpu_hours("mail", NOON + HOUR) == pytest.approx(3)
        assert leases.gpu_hours("dns", NOON) == pytest.approx(1)
        assert leases.gpu_hours("web", NOON) == 0

    def test_the_task_with_least_time_comes_first(self, leases: GpuLeases, clock: Clock) -> None:
        held_for(leases, clock, "mail", 2 * HOUR)
        held_for(leases, clock, "dns", HOUR)
        waiting = [Waiting("mail"), Waiting("dns"), Waiting("web", 1), Waiting("web", 2)]
        assert leases.fair_order(waiting) == [
            *(Waiting("web", 1), Waiting("web", 2)),
            *(Waiting("dns"), Waiting("mail")),
        ]

    def test_old_time_counts_for_less(self, leases: GpuLeases, clock: Clock) -> None:
        held_for(leases, clock, "mail", 3 * HOUR)
        clock.now += timedelta(days=4)
        held_for(leases, clock, "dns", HOUR)
        assert [w.task for w in leases.fair_order([Waiting("dns"), Waiting("mail")])] == [
            "mail",
            "dns",
        ]
        clock.now += timedelta(days=8)
        assert [w.task for w in leases.fair_order([Waiting("dns"), Waiting("mail")])] == [
            "dns",
            "mail",
        ]


class TestRace:
    def test_each_device_has_one_process_only(self, database_url: str, state: Path) -> None:
        state.mkdir(exist_ok=True)
        with Store.open(database_url, folder=state, actor="tester") as store:
            program = [sys.executable, "-m", "tests.core.store.gpu_race", database_url, str(state)]
            done = subprocess.run(program, capture_output=True, text=True, check=True)
            assert done.stderr == ""
            codes = json.loads(done.stdout)
            assert [code == -signal.SIGKILL for code in codes] == [n % 4 == 0 for n in range(8)]
            assert [code for code in codes if code > 0] == []
            every = store.gpu_leases.list(ended=True, limit=1000)
        spans = sorted((uuid, each.taken_at, each.until) for each in every for uuid in each.devices)
        assert [
            (one, other)
            for one, other in pairwise(spans)
            if one[0] == other[0] and other[1] < one[2]
        ] == []
        ends = Counter(each.end for each in every)
        assert (ends[RETURNED], ends[EXPIRED] + ends[None]) == (6 * 2 + 2, 2)

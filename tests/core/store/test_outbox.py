"""The outbox: each detection once, claimed by one, settled by facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sftsec_core.api.domain import Detection
from sftsec_core.store.leases import LEASE as RUN_LEASE
from sftsec_core.store.outbox import DUPLICATE, LEASE, WRITTEN, Made, OutboxCount
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from tests.core.explained import explained
from tests.e2e.forked import PROCESSES

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def detection(number: int, **fields: Any) -> Detection:
    return Detection(
        uid=f"{number:040d}",
        incident_uid=f"incident {number}",
        task="mail",
        model_digest="d" * 64,
        label="spam",
        probability=0.25 + number / 1000,
        threshold=0.5,
        top_classes=(("spam", 0.75), ("ham", 0.25)),
        at=NOON,
        fields=fields,
        explanation=explained("the words") if number % 2 else None,
    )


def fill(store: Store, count: int) -> list[Detection]:
    given = [detection(number) for number in range(count)]
    assert store.outbox.add("siem", given) == count
    return given


def _claim_all(url: str, folder: Path, barrier: Any, results: Any) -> None:
    with Store.open(url, folder=folder, actor="tester") as store:
        owner = uuid4().hex
        barrier.wait()
        mine: list[str] = []
        while rows := store.outbox.claim("siem", owner, limit=7):
            mine += [row.detection.uid for row in rows]
        results.put(mine)
        barrier.wait()


class TestAdd:
    def test_detections_come_out_unchanged_in_order(self, store: Store) -> None:
        given = fill(store, 5)
        claimed = store.outbox.claim("siem", uuid4().hex, limit=10)
        assert [row.detection for row in claimed] == given
        assert [row.id for row in claimed] == sorted(row.id for row in claimed)

    def test_known_detection_is_not_written_again(self, store: Store) -> None:
        given = fill(store, 3)
        assert store.outbox.add("siem", given) == 0
        assert store.outbox.add("siem", [*given, detection(9)]) == 1
        assert store.outbox.add("other", given) == 3
        assert store.outbox.pending("siem") == 4

    def test_field_unknown_to_json_is_stored(self, store: Store) -> None:
        odd = detection(1, day=date(2026, 1, 31), score=float("inf"), text="\x00\ud800")
        assert store.outbox.add("siem", [odd]) == 1
        (row,) = store.outbox.claim("siem", uuid4().hex, limit=1)
        assert row.detection.fields == {"day": "2026-01-31", "score": "inf", "text": "\x00\ud800"}

    def test_odd_name_comes_out_unchanged(self, store: Store) -> None:
        odd = replace(detection(1), incident_uid="half \ud800 and \x00")
        store.outbox.add("siem", [odd])
        assert store.outbox.known("siem", [odd.uid]) == {odd.uid: odd}


class TestKnown:
    def test_is_what_the_platform_may_have(self, store: Store) -> None:
        """A push whose receipt was lost may have written what is pending."""
        pending, delivered, rejected = fill(store, 3)
        store.outbox.deliver("siem", [delivered.uid], WRITTEN)
        store.outbox.reject("siem", rejected.uid, "too large")
        asked = [pending.uid, delivered.uid, rejected.uid, "1"]
        assert store.outbox.known("siem", asked) == {
            pending.uid: pending,
            delivered.uid: delivered,
        }
        assert store.outbox.known("other", asked) == {}
        assert store.outbox.known("siem", []) == {}


class TestMade:
    def test_are_a_models_delivered_ones(self, store: Store) -> None:
        given = fill(store, 4)
        store.outbox.deliver("siem", [each.uid for each in given[:3]], WRITTEN)
        now = datetime.now(UTC)
        hours = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
        task, model = given[0].task, given[0].model_digest
        found = store.outbox.made(task, model, **hours)
        assert found == [Made("siem", each.incident_uid, each.label) for each in given[:3]]
        assert store.outbox.made(task, "another", **hours) == []
        assert store.outbox.made("other", model, **hours) == []
        old = {"since": now - timedelta(hours=2), "until": now - timedelta(hours=1)}
        assert store.outbox.made(task, model, **old) == []


class TestOfRun:
    def test_counts_by_what_has_become(self, store: Store) -> None:
        given = [detection(number) for number in range(8)]
        store.outbox.add("siem", given[:6], run_id="mine")
        store.outbox.add("siem", given[6:], run_id="other")
        uids = [each.uid for each in given]
        store.outbox.deliver("siem", uids[:2], WRITTEN)
        store.outbox.deliver("siem", uids[2:3], DUPLICATE)
        store.outbox.reject("siem", uids[3], "no such field")
        counts = {"written": 2, "duplicates": 1, "refused": 1, "pending": 2}
        assert store.outbox.of_run("mine") == counts
        assert sum(store.outbox.of_run("nobody").values()) == 0


class TestStranded:
    def test_counts_what_no_delivery_takes(self, store: Store) -> None:
        given = fill(store, 3)
        task = given[0].task
        store.outbox.deliver("siem", [given[0].uid], WRITTEN)
        assert store.outbox.stranded(task, ["siem", "other"]) == {}
        assert store.outbox.stranded(task, ["other"]) == {"siem": 2}
        assert store.outbox.stranded("another", ["other"]) == {}


class TestClaims:
    def test_belong_to_one_holder(self, store: Store) -> None:
        fill(store, 3)
        first, second = uuid4().hex, uuid4().hex
        assert len(store.outbox.claim("siem", first, limit=2)) == 2
        assert len(store.outbox.claim("siem", second, limit=5)) == 1
        store.outbox.release(first)
        assert len(store.outbox.claim("siem", second, limit=5)) == 2

    def test_expired_are_taken_over_and_noticed(self, database_url: str, state: Path) -> None:
        times = [NOON]
        with Store.open(
            database_url, folder=state, clock=lambda: times[0], actor="tester"
        ) as store:
            fill(store, 2)
            slow, quick = uuid4().hex, uuid4().hex
            (one, two) = store.outbox.claim("siem", slow, limit=2)
            times[0] += LEASE / 2
            assert store.outbox.renew(slow, [one.id]) == {one.id}
            times[0] += LEASE / 2 + timedelta(seconds=1)
            assert [row.id for row in store.outbox.claim("siem", quick, limit=2)] == [two.id]
            assert store.outbox.renew(slow, [one.id, two.id]) == {one.id}
            store.outbox.postpone(slow, two.id, "not mine any more")
            assert store.outbox.renew(quick, [two.id]) == {two.id}

    def test_end_with_the_lease_of_the_run(self, database_url: str, state: Path) -> None:
        times = [NOON]
        with Store.open(
            database_url, folder=state, clock=lambda: times[0], actor="tester"
        ) as store:
            fill(store, 3)
            store.runs.begin(RunOrder("score", "mail", {}), state / "runs")
            assert len(store.outbox.claim("siem", store.runs.holder, limit=10)) == 3
            assert store.outbox.claim("siem", "another", limit=10) == []
            times[0] += RUN_LEASE + timedelta(seconds=1)
            assert len(store.outbox.claim("siem", "another", limit=10)) == 3

    def test_end_with_the_run(self, store: Store, state: Path) -> None:
        fill(store, 3)
        run = store.runs.begin(RunOrder("score", "mail", {}), state / "runs").info
        assert len(store.outbox.claim("siem", store.runs.holder, limit=2)) == 2
        store.runs.interrupt(run.id, "the connection was lost")
        assert len(store.outbox.claim("siem", "another", limit=10)) == 3

    def test_failed_rows_are_claimed_apart(self, store: Store) -> None:
        fill(store, 2)
        owner = uuid4().hex
        (first, second) = store.outbox.claim("siem", owner, limit=2)
        store.outbox.postpone(owner, first.id, "refused by https://me:hunter2@siem")
        store.outbox.release(owner)
        (fresh,) = store.outbox.claim("siem", owner, limit=5, retries=False)
        (tried,) = store.outbox.claim("siem", owner, limit=5, retries=True)
        assert (fresh.id, tried.id, tried.attempts) == (second.id, first.id, 1)

    @pytest.mark.parametrize("processes", [3])
    def test_processes_at_once_share_the_rows(
        self, store: Store, database_url: str, state: Path, processes: int
    ) -> None:
        given = fill(store, 300)
        barrier, results = PROCESSES.Barrier(processes), PROCESSES.Queue()
        arguments = (database_url, state, barrier, results)
        workers = [PROCESSES.Process(target=_claim_all, args=arguments) for _ in range(processes)]
        for worker in workers:
            worker.start()
        shares = [results.get(timeout=60) for _ in workers]
        for worker in workers:
            worker.join(60)
        assert sorted(uid for share in shares for uid in share) == [one.uid for one in given]


class TestSettle:
    def test_settles_each_row_once(self, store: Store) -> None:
        given = fill(store, 4)
        uids = [one.uid for one in given]
        assert store.outbox.deliver("siem", uids[:1], WRITTEN) == 1
        assert store.outbox.deliver("siem", uids[:2], DUPLICATE) == 1
        assert store.outbox.reject("siem", uids[2], "too long") == 1
        assert store.outbox.reject("siem", uids[0], "too late") == 0
        assert store.outbox.counts() == [
            OutboxCount("siem", "delivered", 2),
            OutboxCount("siem", "pending", 1),
            OutboxCount("siem", "rejected", 1),
        ]
        assert store.outbox.counts("other") == []

    def test_settles_many_rows_in_one_call(self, store: Store) -> None:
        given = fill(store, 1203)
        assert store.outbox.deliver("siem", [one.uid for one in given], WRITTEN) == 1203


class TestReopen:
    def test_makes_delivered_rows_of_the_task_pending(self, store: Store) -> None:
        given = fill(store, 4)
        uids = [each.uid for each in given]
        store.outbox.add("siem", [replace(detection(9), task="proxy")])
        store.outbox.deliver("siem", [*uids[:2], detection(9).uid], WRITTEN)
        store.outbox.reject("siem", uids[2], "too long")
        assert store.outbox.reopen("siem", "mail") == 2
        assert store.outbox.reopen("siem", "mail") == 0
        rows = store.outbox.claim("siem", uuid4().hex, limit=9, retries=False)
        assert [row.detection.uid for row in rows] == [uids[0], uids[1], uids[3]]

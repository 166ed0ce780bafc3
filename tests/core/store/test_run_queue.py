"""The queue of runs: order, claims, takeovers, retries and cancellation."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import RunInfo
from sftsec_core.api.errors import LeaseLostError, NotFoundError, StoreError
from sftsec_core.store.leases import LEASE
from sftsec_core.store.run_queue import FAIL, RELEASE, RETRY, ClaimedRun, RunRequest
from sftsec_core.store.runs import LOG, RunOrder
from sftsec_core.store.store import Store
from tests.core.store.clock import NOON, Clock

SECOND = timedelta(seconds=1)
RETRAIN = RunRequest("retrain", "mail", {"force": True}, "ann", ("admin",))
SCORE = RunRequest("score", "mail", {}, "ann", ("admin",))
ELSEWHERE = "run:another-host:1:-:0"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(database_url: str, state: Path, clock: Clock) -> Iterator[Store]:
    """The store of a worker."""
    with Store.open(database_url, folder=state, actor="tester", clock=clock) as opened:
        yield opened


@pytest.fixture
def child(site: Store, database_url: str, state: Path, clock: Clock) -> Iterator[Store]:
    """The store of the process that carries a run out, of another host."""
    with Store.open(database_url, folder=state, actor="tester", clock=clock) as opened:
        opened.runs.holder = ELSEWHERE
        yield opened


def enqueue(store: Store, request: RunRequest = RETRAIN, **changes: Any) -> RunInfo:
    queued = store.queue.enqueue(replace(request, **changes))
    assert queued is not None
    return queued


def claim(store: Store, worker: str = "w1") -> ClaimedRun:
    claimed = store.queue.claim(worker)
    assert claimed is not None
    return claimed


def take_up(store: Store, claimed: ClaimedRun, settings: dict[str, Any] | None = None) -> RunInfo:
    order = RunOrder(claimed.request.kind, claimed.request.task, settings or {})
    return store.runs.take_up(claimed, order).info


def kill(clock: Clock) -> None:
    clock.now += LEASE + SECOND


class TestEnqueue:
    def test_keeps_what_was_asked_for(self, site: Store) -> None:
        request = replace(RETRAIN, priority=3, retries=2, timeout_s=60.0, needs={"gpu": True})
        queued = enqueue(site, request)
        (waiting,) = site.queue.waiting()
        assert (waiting.info, waiting.request) == (queued, request)
        assert (queued.status, waiting.queued_at, waiting.attempt) == ("queued", NOON, 0)

    def test_queues_an_occurrence_once(self, site: Store, child: Store) -> None:
        due = replace(RETRAIN, schedule="nightly", due_at=NOON)
        assert site.queue.enqueue(due) is not None
        assert child.queue.enqueue(due) is None
        assert child.queue.enqueue(replace(due, due_at=NOON + SECOND)) is not None


class TestClaim:
    def test_takes_nothing_from_an_empty_queue(self, site: Store) -> None:
        assert site.queue.claim("w1") is None

    def test_goes_by_priority_and_then_time(self, site: Store, clock: Clock) -> None:
        names = {"late": 0, "early": 0, "urgent": 9}
        for task in ("early", "late", "urgent"):
            enqueue(site, task=task, priority=names[task])
            clock.now += SECOND
        taken = [claim(site).request.task for _ in names]
        assert taken == ["urgent", "early", "late"]

    def test_lets_equals_be_ordered(self, site: Store, clock: Clock) -> None:
        for task in "ab":
            enqueue(site, task=task)
            clock.now += SECOND
        claimed = site.queue.claim("w1", reversed)
        assert claimed is not None
        assert claimed.request.task == "b"
        assert site.queue.claim("w1", lambda _equals: []) is None

    def test_waits_for_its_time(self, site: Store, clock: Clock) -> None:
        enqueue(site, not_before=NOON + SECOND)
        assert site.queue.claim("w1") is None
        clock.now += SECOND
        assert claim(site).attempt == 1

    def test_passes_over_a_busy_task(self, site: Store, clock: Clock) -> None:
        for request in (RETRAIN, SCORE, RETRAIN, replace(SCORE, task="proxy")):
            enqueue(site, request)
            clock.now += SECOND
        assert [claim(site).request.task for _ in range(2)] == ["mail", "proxy"]
        assert site.queue.claim("w1") is None

    def test_overlaps_only_with_another_kind(self, site: Store) -> None:
        enqueue(site)
        claim(site)
        enqueue(site, overlap=True)
        assert site.queue.claim("w1") is None
        enqueue(site, SCORE, overlap=True)
        assert claim(site).request.kind == "score"

    def test_gives_each_run_to_one_worker(self, site: Store, child: Store) -> None:
        tasks = [f"task {number}" for number in range(8)]
        for task in tasks:
            enqueue(site, task=task)
        with ThreadPoolExecutor(2) as pool:
            taken = list(pool.map(claim_all, (site, child)))
        assert sorted(taken[0] + taken[1]) == tasks


def claim_all(store: Store) -> list[str]:
    """The tasks that one worker gets."""
    taken = []
    while (claimed := store.queue.claim("w")) is not None:
        taken.append(claimed.request.task)
    return taken


class TestTakeUp:
    def test_begins_the_claimed_run(self, site: Store, child: Store, clock: Clock) -> None:
        queued = enqueue(site)
        clock.now += SECOND
        begun = take_up(child, claim(site), {"epochs": 4})
        assert (begun.id, begun.status, begun.started_at) == (queued.id, "running", clock.now)
        assert begun.folder.is_dir()
        assert child.runs.settings(begun.id) == {"epochs": 4}
        assert child.runs.finish(begun.id, "succeeded").status == "succeeded"

    def test_resumes_after_an_interruption(self, site: Store, child: Store, clock: Clock) -> None:
        enqueue(site)
        claimed = claim(site)
        begun = take_up(child, claimed)
        (begun.folder / "work").touch()
        child.runs.interrupt(begun.id, "SIGTERM", child.queue.put_back(claimed.attempt))
        (waiting,) = site.queue.waiting()
        assert (waiting.queued_at, waiting.attempt) == (NOON, 0)
        again = claim(site, "w2")
        assert (again.attempt, again.fence) == (1, 2)
        assert (take_up(child, again).folder / "work").exists()

    def test_starts_again_after_a_change(self, site: Store, child: Store) -> None:
        enqueue(site)
        claimed = claim(site)
        folder = take_up(child, claimed).folder
        for name in ("work", LOG):
            (folder / name).touch()
        child.runs.interrupt(claimed.info.id, "SIGTERM", child.queue.put_back(1))
        order = RunOrder("retrain", "mail", {"epochs": 5})
        assert not child.runs.take_up(claim(site), order).resumed
        assert [each.name for each in folder.iterdir()] == [LOG]

    def test_closes_what_a_person_left(self, site: Store, child: Store) -> None:
        order = RunOrder("retrain", "mail", {})
        left = child.runs.begin(order, site.queue._folders.root / "runs").info
        child.runs.interrupt(left.id, "Ctrl-C")
        queued = enqueue(site)
        begun = child.runs.take_up(claim(site), order)
        assert [run for run, _ in begun.abandoned] == [left.id]
        assert child.runs.get(left.id).error == f"run {queued.id} of the queue took its place"

    def test_is_refused_after_a_takeover(self, site: Store, child: Store, clock: Clock) -> None:
        enqueue(site)
        first = claim(site)
        kill(clock)
        second = claim(site, "w2")
        with pytest.raises(LeaseLostError):
            take_up(child, first)
        assert take_up(child, second).id == first.info.id


class TestTakeover:
    def test_moves_the_folder_and_keeps_the_attempt(
        self, site: Store, child: Store, clock: Clock
    ) -> None:
        enqueue(site)
        claimed = claim(site)
        begun = take_up(child, claimed)
        (begun.folder / "work").touch()
        kill(clock)
        again = claim(site, "w2")
        assert (again.info.id, again.attempt, again.fence) == (begun.id, 1, 2)
        assert not begun.folder.exists()
        assert (again.info.folder / "work").exists()

    def test_refuses_all_the_zombie_writes(self, site: Store, child: Store, clock: Clock) -> None:
        enqueue(site)
        begun = take_up(child, claim(site))
        child.cursors.move("mail", "siem", "1", expected=None)
        kill(clock)
        claim(site, "w2")
        for write in (
            lambda: child.cursors.move("mail", "siem", "2", expected="1"),
            lambda: child.audit.append("x", "y", {}),
            lambda: child.runs.finish(begun.id, "succeeded"),
        ):
            with pytest.raises(LeaseLostError, match="another process took it over"):
                write()
        assert site.cursors.get("mail", "siem") == "1"
        child.runs.let_go(begun.id)
        child.cursors.move("mail", "siem", "2", expected="1")

    def test_leaves_what_a_person_started(self, site: Store, child: Store, clock: Clock) -> None:
        order = RunOrder("retrain", "mail", {})
        left = child.runs.begin(order, site.queue._folders.root / "runs").info
        kill(clock)
        assert site.queue.claim("w1") is None
        queued = enqueue(site)
        assert claim(site).info.id == queued.id
        assert site.runs.get(left.id).status == "interrupted"

    def test_ends_after_too_many_deaths(self, site: Store, clock: Clock) -> None:
        queued = enqueue(site)
        while site.queue.claim("w1") is not None:
            kill(clock)
        ended = site.runs.get(queued.id)
        assert ended.status == "failed"
        assert "its worker ended without a word 51 times" in (ended.error or "")


class TestSettle:
    @pytest.mark.parametrize(("end", "status"), [(RETRY, "interrupted"), (FAIL, "failed")])
    def test_retries_later_or_fails(self, site: Store, end: str, status: str) -> None:
        enqueue(site, retries=1)
        settled = site.queue.settle(claim(site), "killed by SIGKILL", end)
        assert (settled.status, settled.error) == (status, "killed by SIGKILL")
        assert site.queue.claim("w1") is None

    def test_releases_at_once_without_retries(self, site: Store) -> None:
        enqueue(site)
        assert site.queue.settle(claim(site), "killed", RELEASE).status == "interrupted"
        assert claim(site).attempt == 1

    def test_fails_after_the_last_retry(self, site: Store, clock: Clock) -> None:
        enqueue(site, retries=1)
        site.queue.settle(claim(site), "killed", RETRY)
        clock.now += timedelta(seconds=31)
        assert site.queue.settle(claim(site), "killed", RETRY).status == "failed"

    def test_leaves_what_has_ended_alone(self, site: Store, child: Store) -> None:
        enqueue(site)
        claimed = claim(site)
        child.runs.finish(take_up(child, claimed).id, "succeeded")
        assert site.queue.settle(claimed, "exit code 1", RETRY).status == "succeeded"

    def test_leaves_the_next_holder_alone(self, site: Store, clock: Clock) -> None:
        enqueue(site)
        first = claim(site)
        kill(clock)
        claim(site, "w2")
        assert site.queue.settle(first, "killed", FAIL).status == "running"

    def test_waits_longer_each_time(self, site: Store) -> None:
        waits = [
            (site.queue.again(attempt)["not_before"] - NOON).total_seconds() for attempt in (1, 3)
        ]
        assert 15 <= waits[0] <= 30
        assert 60 <= waits[1] <= 120
        assert site.queue.again(99)["not_before"] - NOON <= timedelta(hours=1)


class TestCancel:
    def test_ends_at_once_what_waits(self, site: Store) -> None:
        queued = enqueue(site)
        assert site.queue.cancel(queued.id).status == "cancelled"
        assert site.queue.claim("w1") is None
        with pytest.raises(StoreError, match="has ended already: cancelled"):
            site.queue.cancel(queued.id)

    def test_asks_what_runs_to_stop(self, site: Store, child: Store) -> None:
        enqueue(site)
        begun = take_up(child, claim(site))
        assert site.queue.cancel(begun.id).status == "running"
        assert child.runs.stop_asked(begun.id) == "cancel"

    def test_holds_when_the_worker_dies(self, site: Store, child: Store, clock: Clock) -> None:
        enqueue(site)
        begun = take_up(child, claim(site))
        site.queue.cancel(begun.id)
        kill(clock)
        assert site.queue.claim("w2") is None
        assert site.runs.get(begun.id).status == "cancelled"

    def test_names_no_unknown_run(self, site: Store) -> None:
        with pytest.raises(NotFoundError):
            site.queue.cancel("x")


class TestRetry:
    def test_queues_another_run_like_it(self, site: Store) -> None:
        queued = enqueue(site, priority=2)
        site.queue.cancel(queued.id)
        again = site.queue.retry(queued.id, actor="bob", roles=("admin",))
        assert again.id != queued.id
        (waiting,) = site.queue.waiting()
        assert waiting.request == replace(RETRAIN, priority=2, actor="bob")

    def test_resumes_what_was_interrupted(self, site: Store, child: Store) -> None:
        order = RunOrder("retrain", "mail", {})
        left = child.runs.begin(order, site.queue._folders.root / "runs").info
        child.runs.interrupt(left.id, "Ctrl-C")
        assert site.queue.retry(left.id, actor="bob", roles=("admin",)).id == left.id
        assert child.runs.take_up(claim(site), order).resumed

    def test_refuses_what_waits_already(self, site: Store) -> None:
        queued = enqueue(site)
        with pytest.raises(StoreError, match="is queued: there is nothing to retry"):
            site.queue.retry(queued.id, actor="bob", roles=())

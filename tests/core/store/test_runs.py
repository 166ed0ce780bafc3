"""Runs: one at a time, held by a lease, resumed when what shaped them is the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import RunInfo
from sftsec_core.api.errors import LeaseLostError, NotFoundError, RunActiveError, StoreError
from sftsec_core.store.leases import LEASE
from sftsec_core.store.runs import RESUME_WITHIN, RunOrder
from sftsec_core.store.store import Store
from tests.core.store.clock import NOON, Clock
from tests.e2e.forked import PROCESSES

SETTINGS: dict[str, Any] = {"train": {"epochs": 4}}


RETRAIN = RunOrder("retrain", "mail", SETTINGS)


CHANGED = RunOrder("retrain", "mail", {"train": {"epochs": 5}})


SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def first(database_url: str, state: Path, clock: Clock) -> Iterator[Store]:
    """One process's store."""
    with Store.open(database_url, folder=state, actor="tester", clock=clock) as opened:
        yield opened


@pytest.fixture
def second(first: Store, database_url: str, state: Path, clock: Clock) -> Iterator[Store]:
    """Another process's."""
    with Store.open(database_url, folder=state, actor="tester", clock=clock) as opened:
        assert opened.runs.holder != first.runs.holder
        yield opened


@pytest.fixture
def runs(state: Path) -> Path:
    return state / "runs"


@pytest.fixture
def killed(first: Store, clock: Clock, runs: Path) -> RunInfo:
    """A run of the first process, which was killed a lease ago."""
    first.runs.holder = "run:another-host:1:-:0"  # a process of this one would be ended
    info = first.runs.begin(RETRAIN, runs).info
    clock.now += LEASE + SECOND
    return info


def _resume(url: str, folder: Path, barrier: Any, results: Any) -> None:
    # Not the tests' clock: the killed run's lease has ended in any case.
    with Store.open(url, folder=folder, actor="tester", clock=_after_noon) as store:
        barrier.wait()
        try:
            begun = store.runs.begin(RETRAIN, folder / "runs")
        except RunActiveError:
            results.put(None)
        else:
            results.put(begun.info.id if begun.resumed else "another")


def _after_noon() -> datetime:
    return NOON + LEASE * 2


class TestBegin:
    def test_makes_a_folder_and_lists_the_run(self, store: Store, runs: Path) -> None:
        begun = store.runs.begin(RETRAIN, runs)
        run = begun.info
        assert not begun.resumed
        assert run.folder == runs / run.id
        assert run.folder.is_dir()
        assert (run.status, run.finished_at) == ("running", None)
        assert store.runs.list("mail", kind="retrain") == [run]
        assert store.runs.list("proxy") == []
        assert store.runs.settings(run.id) == SETTINGS

    def test_refuses_a_second_live_run(
        self, first: Store, second: Store, clock: Clock, runs: Path
    ) -> None:
        run = first.runs.begin(RETRAIN, runs).info
        clock.now += LEASE - SECOND
        with pytest.raises(RunActiveError, match="retrain of task 'mail' is running") as refused:
            second.runs.begin(RETRAIN, runs)
        assert (refused.value.run_id, refused.value.lease_until) == (run.id, NOON + LEASE)
        second.runs.begin(RunOrder("score", "mail", SETTINGS), runs)
        second.runs.begin(RunOrder("retrain", "proxy", SETTINGS), runs)
        assert len([each for each in runs.iterdir() if each.is_dir()]) == 3

    def test_refuses_it_while_the_lease_renews(
        self, first: Store, second: Store, clock: Clock, runs: Path
    ) -> None:
        run = first.runs.begin(RETRAIN, runs).info
        for _ in range(5):
            clock.now += LEASE - SECOND
            first.runs.renew(run.id)
            with pytest.raises(RunActiveError) as refused:
                second.runs.begin(RETRAIN, runs)
            assert refused.value.heartbeat_at == clock.now

    def test_keeps_settings_without_secrets(self, store: Store, runs: Path) -> None:
        settings = {
            "connectors": {"siem": {"token": "hunter2", "api_key": "env:KEY", "max_tokens": 5}},
            "state": {"url": "postgresql://me:hunter2@host/db"},
        }
        run = store.runs.begin(RunOrder("retrain", "mail", settings), runs).info
        assert store.runs.settings(run.id) == {
            "connectors": {"siem": {"token": "***", "api_key": "env:KEY", "max_tokens": 5}},
            "state": {"url": "postgresql://me:***@host/db"},
        }


class TestResume:
    def test_takes_the_killed_run_with_its_folder(
        self, second: Store, killed: RunInfo, runs: Path
    ) -> None:
        (left,) = second.runs.unfinished("retrain", "mail")
        begun = second.runs.begin(RETRAIN, runs)
        assert begun.resumed
        assert left == killed
        assert begun.info == replace(killed, folder=runs / f"{killed.id}.2")
        assert begun.info.folder.is_dir()
        assert second.runs.unfinished("retrain", "mail") == []
        assert second.runs.finish(left.id, "succeeded").status == "succeeded"

    def test_takes_an_interrupted_run_at_once(
        self, first: Store, second: Store, runs: Path
    ) -> None:
        run = first.runs.begin(RETRAIN, runs).info
        first.runs.interrupt(run.id, "the connection was lost")
        begun = second.runs.begin(RETRAIN, runs)
        assert begun.resumed
        assert (begun.info.id, begun.info.status, begun.info.error) == (run.id, "running", None)

    def test_begins_another_run_when_the_settings_changed(
        self, second: Store, killed: RunInfo, runs: Path
    ) -> None:
        begun = second.runs.begin(CHANGED, runs)
        assert not begun.resumed
        assert [run_id for run_id, _ in begun.abandoned] == [killed.id]
        closed = second.runs.get(killed.id)
        assert closed.status == "failed"
        assert "what shaped it has changed" in (closed.error or "")
        assert [one.id for one in second.runs.list()] == [begun.info.id, killed.id]

    @pytest.mark.parametrize(("late", "resumed"), [(-SECOND, True), (SECOND, False)])
    def test_begins_another_run_after_too_long(
        self,
        first: Store,
        second: Store,
        clock: Clock,
        runs: Path,
        late: timedelta,
        resumed: bool,
    ) -> None:
        run = first.runs.begin(RETRAIN, runs).info
        clock.now += timedelta(hours=3)
        first.runs.interrupt(run.id, "Ctrl-C")
        clock.now += RESUME_WITHIN + late
        begun = second.runs.begin(RETRAIN, runs)
        assert begun.resumed is resumed
        assert (begun.info.id == run.id) is resumed
        if not resumed:
            assert "too long ago" in (second.runs.get(run.id).error or "")

    def test_another_secret_reference_is_another_setting(
        self, first: Store, second: Store, runs: Path
    ) -> None:
        orders = [RunOrder("retrain", "mail", {"token": f"env:{name}"}) for name in "AB"]
        run = first.runs.begin(orders[0], runs).info
        first.runs.interrupt(run.id, "Ctrl-C")
        assert not second.runs.begin(orders[1], runs).resumed

    def test_one_of_several_processes_gets_the_run(
        self, killed: RunInfo, database_url: str, state: Path
    ) -> None:
        barrier, results = PROCESSES.Barrier(3), PROCESSES.Queue()
        arguments = (database_url, state, barrier, results)
        workers = [PROCESSES.Process(target=_resume, args=arguments) for _ in range(3)]
        for worker in workers:
            worker.start()
        answers = [results.get(timeout=300) for _ in workers]
        for worker in workers:
            worker.join(60)
        assert answers.count(None) == 2
        assert killed.id in answers


class TestLost:
    def test_names_runs_of_ended_leases(self, first: Store, killed: RunInfo, runs: Path) -> None:
        alive = first.runs.begin(RunOrder("score", "mail", {}), runs).info
        assert alive.status == "running"
        assert first.runs.lost() == {killed.id}


class TestCounts:
    def test_have_killed_runs_as_interrupted(
        self, first: Store, killed: RunInfo, runs: Path
    ) -> None:
        assert first.runs.get(killed.id).status == "running"
        assert first.runs.counts() == {"interrupted": 1}
        done = first.runs.begin(RunOrder("score", "mail", {}), runs).info
        assert first.runs.counts() == {"interrupted": 1, "running": 1}
        first.runs.finish(done.id, "failed")
        assert first.runs.counts() == {"interrupted": 1, "failed": 1}


class TestFinish:
    def test_says_how_it_ended_and_makes_room(self, store: Store, runs: Path) -> None:
        run = store.runs.begin(RETRAIN, runs).info
        ended = store.runs.finish(
            run.id, "failed", error="no route to postgresql://me:hunter2@host/db"
        )
        assert (ended.status, ended.error) == ("failed", "no route to postgresql://me:***@host/db")
        assert ended.finished_at is not None
        assert store.runs.report(run.id) is None
        assert store.runs.begin(RETRAIN, runs).info.id != run.id

    def test_happens_once_and_in_a_known_way(self, store: Store, runs: Path) -> None:
        run = store.runs.begin(RETRAIN, runs).info
        with pytest.raises(ValueError, match="succeeded, refused, failed"):
            store.runs.finish(run.id, "running")
        store.runs.finish(run.id, "succeeded")
        with pytest.raises(LeaseLostError, match="does not hold run"):
            store.runs.finish(run.id, "failed")
        with pytest.raises(LeaseLostError, match="does not hold run"):
            store.runs.renew(run.id)

    def test_is_refused_after_another_process_took_over(
        self, first: Store, second: Store, killed: RunInfo, runs: Path
    ) -> None:
        assert second.runs.begin(RETRAIN, runs).info.id == killed.id
        with pytest.raises(LeaseLostError, match="another process took it over"):
            first.runs.finish(killed.id, "succeeded")
        with pytest.raises(LeaseLostError):
            first.runs.renew(killed.id)

    def test_is_allowed_late_without_a_takeover(self, first: Store, killed: RunInfo) -> None:
        assert first.runs.finish(killed.id, "succeeded").status == "succeeded"


class TestGet:
    def test_finds_a_run_by_id_prefix(self, store: Store, runs: Path) -> None:
        one = store.runs.begin(RETRAIN, runs).info
        two = store.runs.begin(RunOrder("retrain", "proxy", SETTINGS), runs).info
        assert store.runs.get(one.id[:-1]) == one
        with pytest.raises(StoreError, match=r"ambiguous.*write more"):
            store.runs.get("2")
        with pytest.raises(NotFoundError, match=f"unknown run 'x%'.*{two.id}"):
            store.runs.get("x%")


class TestKnown:
    def test_are_whole_ids_of_runs(self, first: Store, runs: Path) -> None:
        run = first.runs.begin(RunOrder("score", "mail", {}), runs).info.id
        assert first.runs.known([run, run, run[:4], "predict-1f2e"]) == {run}

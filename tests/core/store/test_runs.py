"""Runs: one at a time, owned, resumed after a kill, by one process only."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.errors import NotFoundError, StoreError
from sftsec_core.store.process import Owner
from sftsec_core.store.runs import STALE_AFTER
from sftsec_core.store.store import Store

SETTINGS: dict[str, Any] = {"train": {"epochs": 4}}


def _start_and_die(url: str, folder: Path, settings: dict[str, Any]) -> None:
    store = Store.open(url, folder=folder, actor="tester")
    store.runs.create("retrain", "mail", folder / "runs", settings)
    os.kill(os.getpid(), signal.SIGKILL)


def kill_a_run(url: str, folder: Path, settings: dict[str, Any] = SETTINGS) -> None:
    child = multiprocessing.get_context("spawn").Process(
        target=_start_and_die, args=(url, folder, settings)
    )
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL


def test_a_run_has_a_folder_and_is_listed_while_it_runs(store: Store, state: Path) -> None:
    run = store.runs.create("retrain", "mail", state / "runs", SETTINGS)
    assert run.folder == state / "runs" / run.id
    assert run.folder.is_dir()
    assert (run.status, run.finished_at) == ("running", None)
    assert store.runs.list("mail", kind="retrain") == [run]
    assert store.runs.list("proxy") == []
    assert store.runs.settings(run.id) == SETTINGS


def test_a_second_run_of_a_task_is_refused_while_the_first_lives(store: Store, state: Path) -> None:
    store.runs.create("retrain", "mail", state / "runs", SETTINGS)
    with pytest.raises(StoreError, match="retrain of task 'mail' is running already"):
        store.runs.create("retrain", "mail", state / "runs", SETTINGS)
    store.runs.create("score", "mail", state / "runs", SETTINGS)
    store.runs.create("retrain", "proxy", state / "runs", SETTINGS)
    assert len(list((state / "runs").iterdir())) == 3


def test_a_finished_run_says_how_it_ended_and_makes_room(store: Store, state: Path) -> None:
    run = store.runs.create("retrain", "mail", state / "runs", SETTINGS)
    ended = store.runs.finish(run.id, "failed", error="no route to postgresql://me:hunter2@host/db")
    assert (ended.status, ended.error) == ("failed", "no route to postgresql://me:***@host/db")
    assert ended.finished_at is not None
    assert store.runs.report(run.id) is None
    assert store.runs.create("retrain", "mail", state / "runs", SETTINGS).id != run.id


def test_a_run_ends_once_and_in_a_known_way(store: Store, state: Path) -> None:
    run = store.runs.create("retrain", "mail", state / "runs", SETTINGS)
    with pytest.raises(ValueError, match="succeeded, refused, failed"):
        store.runs.finish(run.id, "running")
    store.runs.finish(run.id, "succeeded")
    with pytest.raises(StoreError, match="not this process's"):
        store.runs.finish(run.id, "failed")
    with pytest.raises(StoreError, match="not this process's"):
        store.runs.beat(run.id)


def test_a_killed_run_is_adopted_with_its_folder_when_the_settings_are_the_same(
    database_url: str, state: Path
) -> None:
    kill_a_run(database_url, state)
    with Store.open(database_url, folder=state, actor="tester") as store:
        (left,) = store.runs.unfinished("retrain", "mail")
        assert store.runs.resume("retrain", "mail", {"train": {"epochs": 5}}) is None
        assert store.runs.resume("retrain", "mail", SETTINGS) == left
        assert store.runs.unfinished("retrain", "mail") == []
        assert store.runs.finish(left.id, "succeeded").status == "succeeded"


def test_a_new_run_closes_the_killed_one_as_failed(database_url: str, state: Path) -> None:
    kill_a_run(database_url, state)
    with Store.open(database_url, folder=state, actor="tester") as store:
        (left,) = store.runs.unfinished("retrain", "mail")
        run = store.runs.create("retrain", "mail", state / "runs", {"other": 1})
        closed = store.runs.get(left.id)
        assert closed.status == "failed"
        assert "ended without a word" in (closed.error or "")
        assert [one.id for one in store.runs.list()] == [run.id, left.id]


def _adopt(url: str, folder: Path, barrier: Any, results: Any) -> None:
    with Store.open(url, folder=folder, actor="tester") as store:
        barrier.wait()
        run = store.runs.resume("retrain", "mail", SETTINGS)
        results.put(None if run is None else run.id)
        # Alive until all have asked: a dead adopter's run may be resumed again.
        barrier.wait()


def test_of_several_processes_that_adopt_at_once_one_does(database_url: str, state: Path) -> None:
    kill_a_run(database_url, state)
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(3), context.Queue()
    arguments = (database_url, state, barrier, results)
    workers = [context.Process(target=_adopt, args=arguments) for _ in range(3)]
    for worker in workers:
        worker.start()
    answers = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert sorted(answer is None for answer in answers) == [False, True, True]


def test_a_run_on_another_host_counts_as_dead_only_after_a_long_silence(
    database_url: str, state: Path
) -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    times = [now]
    with Store.open(database_url, folder=state, clock=lambda: times[0], actor="tester") as store:
        run = store.runs.create("retrain", "mail", state / "runs", SETTINGS)
        elsewhere = str(Owner("other-host", "b", "n", 1, "1", "t"))
        _disown(store, run.id, elsewhere)
        assert store.runs.unfinished("retrain", "mail") == []
        times[0] = now + STALE_AFTER + timedelta(seconds=1)
        assert [one.id for one in store.runs.unfinished("retrain", "mail")] == [run.id]


def _disown(store: Store, run_id: str, owner: str) -> None:
    from sqlalchemy import update

    from sftsec_core.store.tables import runs

    with store.writing() as connection:
        connection.execute(update(runs).where(runs.c.id == run_id).values(owner=owner))


def test_a_run_that_was_taken_over_can_no_longer_be_finished_here(
    store: Store, state: Path
) -> None:
    run = store.runs.create("retrain", "mail", state / "runs", SETTINGS)
    _disown(store, run.id, str(Owner.new()))
    with pytest.raises(StoreError, match="another process took it over"):
        store.runs.finish(run.id, "succeeded")


def test_heartbeats_go_on_while_the_body_works(store: Store, state: Path) -> None:
    from sqlalchemy import select

    from sftsec_core.store.tables import runs

    run = store.runs.create("retrain", "mail", state / "runs", SETTINGS)
    deadline = time.monotonic() + 30
    beat = run.started_at
    with store.runs.heartbeat(run.id, every_s=0.01):
        while beat == run.started_at and time.monotonic() < deadline:
            with store.writing() as connection:
                beat = connection.execute(select(runs.c.heartbeat_at)).scalar_one()
    assert beat > run.started_at


def test_a_run_is_found_by_the_beginning_of_its_id(store: Store, state: Path) -> None:
    one = store.runs.create("retrain", "mail", state / "runs", SETTINGS)
    two = store.runs.create("retrain", "proxy", state / "runs", SETTINGS)
    assert store.runs.get(one.id[:-1]) == one
    with pytest.raises(StoreError, match=r"not clear.*write more"):
        store.runs.get("2")
    with pytest.raises(NotFoundError, match=f"unknown run 'x%'.*{two.id}"):
        store.runs.get("x%")


def test_settings_are_kept_without_secrets_and_references_stay(store: Store, state: Path) -> None:
    settings = {
        "connectors": {"siem": {"token": "hunter2", "api_key": "env:KEY", "max_tokens": 5}},
        "state": {"url": "postgresql://me:hunter2@host/db"},
    }
    run = store.runs.create("retrain", "mail", state / "runs", settings)
    assert store.runs.settings(run.id) == {
        "connectors": {"siem": {"token": "***", "api_key": "env:KEY", "max_tokens": 5}},
        "state": {"url": "postgresql://me:***@host/db"},
    }

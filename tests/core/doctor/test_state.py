"""What the store says, judged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from sftsec_core.doctor.state import (
    check_audit,
    check_clocks,
    check_hosts,
    check_outbox,
    check_revision,
    check_runs,
    check_workers,
    judge_skew,
)
from sftsec_core.store.inspection import Inspection
from sftsec_core.store.run_requests import RunRequest
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from tests.core.store.test_outbox import detection

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(None, folder=tmp_path, actor="tester", clock=lambda: NOW)


@pytest.fixture
def look(tmp_path: Path, store: Store) -> Callable[[datetime], Inspection]:
    """The same store, looked at at another time."""
    assert store is not None
    return lambda at: Inspection(f"sqlite:///{tmp_path / 'sftsec.db'}", lambda: at)


class TestRevision:
    @pytest.mark.parametrize(
        ("revision", "level"), [(None, "ok"), ("0001", "warning"), ("9999", "fault")]
    )
    def test_older_and_newer_ones_differ(
        self, revision: str | None, level: str, tmp_path: Path, look: Callable[..., Inspection]
    ) -> None:
        if revision:
            engine = create_engine(f"sqlite:///{tmp_path / 'sftsec.db'}")
            with engine.begin() as connection:
                change = text("update alembic_version set version_num = :number")
                connection.execute(change, {"number": revision})
            engine.dispose()
        with look(NOW) as opened:
            assert [each.level for each in check_revision(opened)] == [level]


class TestRuns:
    @pytest.mark.parametrize(
        ("kind", "remedy"),
        [
            ("retrain", "sftsec retrain triage"),
            ("dataset", "sftsec dataset build triage"),
            ("gc", "sftsec worker run resumes them"),
        ],
    )
    def test_killed_one_names_its_command(
        self,
        kind: str,
        remedy: str,
        store: Store,
        tmp_path: Path,
        look: Callable[..., Inspection],
    ) -> None:
        store.runs.begin(RunOrder(kind, "triage", {}), tmp_path / "runs")
        with look(NOW) as alive:
            assert [each.level for each in check_runs(alive)] == ["ok"]
        with look(NOW + timedelta(minutes=1)) as later:
            (found,) = check_runs(later)
        assert (found.level, found.remedy) == ("warning", remedy)


class TestWorkers:
    def test_queue_without_one_is_a_warning(
        self, store: Store, look: Callable[..., Inspection]
    ) -> None:
        with look(NOW) as opened, look(NOW + timedelta(minutes=5)) as later:
            assert [each.text for each in check_workers(opened)] == ["0 alive, 0 runs queued"]
            store.queue.enqueue(RunRequest("score", "triage", {}, "ann", ("admin",)))
            (idle,) = check_workers(opened)
            assert (idle.level, idle.remedy) == ("warning", "sftsec worker run")
            name = store.workers.register("1.2", 1)
            assert [each.level for each in check_workers(opened)] == ["ok"]
            (lost,) = check_workers(later)
            store.workers.report(name, "schedule nightly: unknown task 'url'")
            fine, failing = check_workers(opened)
        assert (fine.level, failing.level) == ("ok", "fault")
        assert (
            failing.text
            == f"{name} does not queue all that is due: schedule nightly: unknown task 'url'"
        )
        assert (lost.level, lost.text) == ("warning", f"{name} lost, and no other one is alive")


class TestOutbox:
    def test_old_detections_are_a_warning(
        self, store: Store, look: Callable[..., Inspection]
    ) -> None:
        with look(NOW) as opened:
            assert [each.text for each in check_outbox(opened, NOW)] == ["nothing waits"]
            store.outbox.add("mail", [detection(1)])
            assert [each.level for each in check_outbox(opened, NOW)] == ["ok"]
            (found,) = check_outbox(opened, NOW + timedelta(days=3))
        assert (found.level, "since 3 d" in found.text) == ("warning", True)


class TestAudit:
    def test_copy_that_is_longer_is_a_fault(self) -> None:
        assert [each.level for each in check_audit(5, {})] == ["ok"]
        found = list(check_audit(5, {"a": 3, "b": 6}))
        assert [(each.level, each.text) for each in found] == [
            ("ok", "5 entries, 2 not yet in a"),
            ("fault", "b has 6 entries, the log only 5"),
        ]


class TestClocks:
    def test_time_that_went_back_is_a_warning(
        self, store: Store, tmp_path: Path, look: Callable[..., Inspection]
    ) -> None:
        store.runs.begin(RunOrder("retrain", "triage", {}), tmp_path / "runs")
        with look(NOW) as opened:
            assert [each.level for each in check_clocks(opened, NOW)] == ["ok"]
            early = NOW - timedelta(hours=2)
            assert [each.text for each in check_clocks(opened, early)] == [
                "a run wrote its heartbeat 2 h ahead of this clock"
            ]

    @pytest.mark.parametrize(
        ("seconds", "level", "told"),
        [(5, "ok", "within"), (6, "warning", "ahead of"), (-6, "warning", "behind")],
    )
    def test_skew_is_judged_both_ways(self, seconds: int, level: str, told: str) -> None:
        found = judge_skew("it", timedelta(seconds=seconds))
        assert (found.level, told in found.text) == (level, True)


class TestHosts:
    def test_other_versions_are_named(self) -> None:
        same = {"core": "1.0", "files": "1.0"}
        assert [each.level for each in check_hosts({"a": same, "b": same})] == ["ok"]
        (found,) = check_hosts({"a": same, "b": {**same, "core": "1.1"}})
        assert found.text == "versions differ: a: core 1.0; b: core 1.1"

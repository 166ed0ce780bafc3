"""Questions to a store on every database, and that none of them changes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sftsec_core.api.errors import StoreError
from sftsec_core.store.inspection import Inspection
from sftsec_core.store.migrations import HEAD
from sftsec_core.store.run_requests import RunRequest
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from tests.core.store.test_outbox import detection

LATER = datetime.now(UTC) + timedelta(days=2)


@pytest.fixture
def inspection(database_url: str, store: Store) -> Iterator[Inspection]:
    with Inspection(database_url, lambda: LATER) as opened:
        assert store is not None
        yield opened


class TestRevision:
    def test_is_that_of_this_version(self, inspection: Inspection) -> None:
        assert inspection.revision() == HEAD
        assert inspection.damage() is None

    def test_of_a_file_without_tables_is_none(self, tmp_path: Path) -> None:
        file = tmp_path / "sftsec.db"
        file.touch()
        with Inspection(f"sqlite:///{file}") as opened:
            assert opened.revision() is None
        assert file.stat().st_size == 0

    def test_password_is_not_in_the_error(self) -> None:
        url = "postgresql://ann:hunter2@127.0.0.1:9/none"
        with Inspection(url) as opened, pytest.raises(StoreError) as raised:
            opened.revision()
        assert "hunter2" not in f"{raised.value}{opened.where}"

    def test_damaged_file_is_told_apart(self, tmp_path: Path) -> None:
        file = tmp_path / "sftsec.db"
        file.write_bytes(b"not a database" * 400)
        with (
            Inspection(f"sqlite:///{file}") as opened,
            pytest.raises(StoreError, match="restore a copy"),
        ):
            opened.revision()


class TestContents:
    def test_of_an_empty_store_are_none(self, inspection: Inspection) -> None:
        assert inspection.lost_runs() == []
        assert inspection.waiting() == []
        assert inspection.newest_heartbeat() is None
        assert inspection.audit_entries() == 0
        assert inspection.versions_by_host() == {}

    def test_lost_run_and_its_host(self, store: Store, state: Path, inspection: Inspection) -> None:
        order = RunOrder("retrain", "triage", {"plugins": {"core": "1.2"}})
        info = store.runs.begin(order, state / "runs").info
        assert [(each.id, each.kind, each.task) for each in inspection.lost_runs()] == [
            (info.id, "retrain", "triage")
        ]
        ((host, versions),) = inspection.versions_by_host().items()
        assert (host in store.runs.holder, versions) == (True, {"core": "1.2"})
        heartbeat = inspection.newest_heartbeat()
        assert heartbeat is not None
        assert heartbeat < LATER

    def test_workers_and_what_they_wait_for(self, store: Store, database_url: str) -> None:
        name = store.workers.register("1.2", 1)
        store.queue.enqueue(RunRequest("score", "triage", {}, "ann", ("admin",)))
        with Inspection(database_url) as now, Inspection(database_url, lambda: LATER) as later:
            assert [(each.name, each.version) for each in now.workers()] == [(name, "1.2")]
            assert [now.workers()[0].alive, later.workers()[0].alive] == [True, False]
            assert now.workers()[0].problem is None
            store.workers.report(name, "no clock")
            assert now.workers()[0].problem == "no clock"
            assert now.queued_runs() == 1
            assert now.versions_by_host() == {}

    def test_waiting_and_failed_detections(self, store: Store, inspection: Inspection) -> None:
        store.outbox.add("mail", [detection(number) for number in range(3)])
        store.outbox.deliver("mail", [detection(2).uid], "written")
        first, _ = store.outbox.claim("mail", "me", limit=2)
        store.outbox.postpone("me", first.id, "busy")
        (found,) = inspection.waiting()
        assert (found.connector, found.detections, found.failed) == ("mail", 2, 1)
        assert timedelta(0) < LATER - found.oldest < timedelta(days=3)

    def test_audit_entries_and_cursors(self, store: Store, inspection: Inspection) -> None:
        store.audit.append("a.b", "x", {})
        store.cursors.move("@audit", "mail", "1:ab", expected=None)
        assert inspection.audit_entries() == 1
        assert {name: at[0] for name, at in inspection.cursors_of("@audit").items()} == {
            "mail": "1:ab"
        }


class TestClockSkew:
    def test_is_of_a_server_alone(self, inspection: Inspection) -> None:
        skew = inspection.clock_skew()
        if inspection.sqlite:
            assert skew is None
        else:
            assert skew is not None
            assert timedelta(days=1, hours=23) < skew < timedelta(days=2, hours=1)

"""Migrating, refusing a newer schema, transactions; several processes at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from sftsec_core.api.errors import StoreError
from sftsec_core.store.store import Store
from tests.e2e.forked import PROCESSES


def _open_and_write(url: str, folder: Path, barrier: object, entries: int) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    with Store.open(url, folder=folder, actor="tester") as store:
        for number in range(entries):
            store.audit.append("test.write", str(number))


class TestMigration:
    def test_leaves_a_newer_schema_alone(self, database_url: str, state: Path) -> None:
        Store.open(database_url, folder=state, actor="tester").close()
        engine = create_engine(database_url)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(StoreError, match=r"schema 9999.*upgrade sftsec") as caught:
            Store.open(database_url, folder=state, actor="tester")
        assert "\n" not in str(caught.value)
        with engine.connect() as connection:
            assert (
                connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
                == "9999"
            )
        engine.dispose()

    @pytest.mark.parametrize("processes", [4])
    def test_of_processes_at_once_loses_nothing(
        self, empty_database_url: str, state: Path, processes: int
    ) -> None:
        barrier = PROCESSES.Barrier(processes)
        workers = [
            PROCESSES.Process(target=_open_and_write, args=(empty_database_url, state, barrier, 25))
            for _ in range(processes)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert [worker.exitcode for worker in workers] == [0] * processes
        with Store.open(empty_database_url, folder=state, actor="tester") as store:
            # The chain is unbroken: no two of them built on the same entry.
            assert store.audit.verify() == processes * 25


class TestTransaction:
    def test_that_failed_leaves_nothing(self, store: Store) -> None:
        def write_and_fail() -> None:
            with store.writing() as connection:
                store.audit.append("test.done", "something", joined=connection)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            write_and_fail()
        assert store.audit.tail() == []

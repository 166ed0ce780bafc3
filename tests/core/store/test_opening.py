"""Opening, migrating and refusing; two processes at once."""

from __future__ import annotations

import multiprocessing
import shutil
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from sftsec_core.api.errors import StoreError
from sftsec_core.store import migrations
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from sftsec_core.store.tables import metadata


def test_the_migrated_tables_are_those_of_the_code(store: Store, database_url: str) -> None:
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            found = set(inspect(connection).get_table_names())
            assert found == {*metadata.tables, "alembic_version"}
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
    finally:
        engine.dispose()


def test_the_newest_migration_is_the_head_that_the_code_expects() -> None:
    here = Path(migrations.__file__).parent
    script = ScriptDirectory(here, version_locations=[here / "versions"])
    assert script.get_heads() == [migrations.HEAD]


def test_a_store_opened_again_holds_what_was_written(database_url: str, state: Path) -> None:
    with Store.open(database_url, folder=state, actor="tester") as first:
        first.audit.append("test.done", "something")
    with Store.open(database_url, folder=state, actor="tester") as second:
        assert [entry.action for entry in second.audit.tail()] == ["test.done"]


def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(
    database_url: str, state: Path
) -> None:
    Store.open(database_url, folder=state, actor="tester").close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"schema 9999.*upgrade sftsec") as caught:
        Store.open(database_url, folder=state, actor="tester")
    assert "\n" not in str(caught.value)
    with engine.connect() as connection:
        assert (
            connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
        )
    engine.dispose()


def _open_and_write(url: str, folder: Path, barrier: object, entries: int) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    with Store.open(url, folder=folder, actor="tester") as store:
        for number in range(entries):
            store.audit.append("test.write", str(number))


@pytest.mark.parametrize("processes", [4])
def test_processes_that_open_a_fresh_store_at_once_all_succeed_and_lose_no_write(
    database_url: str, state: Path, processes: int
) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    workers = [
        context.Process(target=_open_and_write, args=(database_url, state, barrier, 25))
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * processes
    with Store.open(database_url, folder=state, actor="tester") as store:
        # The chain is unbroken: no two of them built on the same entry.
        assert store.audit.verify() == processes * 25


def test_a_sqlite_store_is_private_and_in_wal_mode(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    with Store.open(None, folder=folder, actor="tester"):
        file = folder / "sftsec.db"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    engine.dispose()


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "sftsec.db").write_bytes(b"this is not a database, " * 100)
    with pytest.raises(StoreError, match=r"not a database.*restore a copy") as caught:
        Store.open(None, folder=tmp_path, actor="tester")
    assert "\n" not in str(caught.value)


def test_a_state_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot open the store"):
        Store.open(None, folder=tmp_path / "file" / "state", actor="tester")


@pytest.mark.parametrize(
    "url",
    ["mysql://root:hunter2@host/db", "not a url hunter2", "postgresql+nosuch://a:hunter2@h/d"],
)
def test_an_unusable_address_is_refused_without_repeating_it(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Store.open(url, folder=tmp_path, actor="tester")
    assert "hunter2" not in str(caught.value)


def test_a_password_is_in_no_message_and_no_repr(postgres_server: str, tmp_path: Path) -> None:
    from sqlalchemy import make_url

    wrong = make_url(postgres_server).set(password="hunter2", database="missing")
    wrong = wrong.update_query_dict({"sslpassword": "hunter3"})
    with pytest.raises(StoreError) as caught:
        Store.open(wrong.render_as_string(False), folder=tmp_path, actor="tester")
    assert "hunter" not in str(caught.value)
    assert "missing" in str(caught.value)


def test_the_repr_names_the_database_without_its_password(
    postgres_url: str, tmp_path: Path
) -> None:
    from sqlalchemy import make_url

    url = make_url(postgres_url).set(password="hunter2").render_as_string(False)
    with Store.open(url, folder=tmp_path, actor="tester") as store:
        assert "hunter2" not in repr(store)
        assert make_url(postgres_url).database in repr(store)  # type: ignore[operator]


def test_an_address_without_a_driver_uses_psycopg(postgres_url: str, tmp_path: Path) -> None:
    plain = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    with Store.open(plain, folder=tmp_path, actor="tester") as store:
        assert store.audit.verify() == 0


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def write_and_fail() -> None:
        with store.writing() as connection:
            store.audit.append("test.done", "something", joined=connection)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert store.audit.tail() == []


def test_a_state_folder_can_be_moved(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    with Store.open(None, folder=old, actor="tester") as store:
        run = store.runs.begin(RunOrder("retrain", "mail", {}), old / "runs").info
        store.runs.finish(run.id, "succeeded", report=run.folder / "report.html")
    shutil.move(old, new)
    with Store.open(None, folder=new, actor="tester") as store:
        assert store.runs.get(run.id).folder == new / "runs" / run.id
        assert store.runs.report(run.id) == new / "runs" / run.id / "report.html"

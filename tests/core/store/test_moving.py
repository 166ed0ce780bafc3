"""A store moves between databases: all of it, once, and nobody writes to the old one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Connection, make_url

from sftsec_core.api.errors import StoreError, StoreMovedError
from sftsec_core.store import dialects, moving
from sftsec_core.store.copying import TableSum, copy_rows, sums_of
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from tests.core.store.filled import fill


@dataclass
class Stores:
    """A filled store, and an empty one on the other kind of database."""

    here: Store
    there: Store
    folder: Path
    there_url: str

    def opened_there(self) -> Store:
        return Store.open(self.there_url, folder=self.folder, actor="tester")


@pytest.fixture(params=["to postgresql", "to sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str) -> Iterator[Stores]:
    urls = [f"sqlite:///{tmp_path / 'state' / 'sftsec.db'}", postgres_url]
    if request.param == "to sqlite":
        urls.reverse()
    folder = tmp_path / "state"
    with (
        Store.open(urls[0], folder=folder, actor="tester") as here,
        Store.open(urls[1], folder=folder, actor="tester", even_moved=True) as there,
    ):
        fill(here, folder)
        yield Stores(here, there, folder, urls[1])


def sums(store: Store) -> Mapping[str, TableSum]:
    with store._database.reading() as connection:
        return sums_of(connection)


class TestMoveTo:
    def test_carries_everything_and_shuts_the_door(self, stores: Stores, tmp_path: Path) -> None:
        verdicts, entries = stores.here.verdict_chain.verify({}), stores.here.audit.verify()
        copied = stores.here.moving.move_to(stores.there.moving)
        before = sums(stores.here)
        assert copied == before == sums(stores.there)
        assert len([each for each in copied.values() if each.rows]) >= 16
        run = stores.here.runs.list()[0].id
        attempts: list[Callable[[], object]] = [
            lambda: stores.here.audit.append("late", "x"),
            lambda: stores.here.runs.renew(run),
            lambda: stores.here.runs.begin(RunOrder("score", "other", {}), stores.folder / "runs"),
        ]
        for attempt in attempts:
            with pytest.raises(StoreMovedError, match=r"set state\.url to it"):
                attempt()
        assert sums(stores.here) == before
        url = stores.here._database.url.render_as_string(hide_password=False)
        with pytest.raises(StoreMovedError, match=make_url(stores.there_url).get_backend_name()):
            Store.open(url, folder=tmp_path)
        with stores.opened_there() as there:
            assert there.verdict_chain.verify({}) == verdicts > 0
            assert there.audit.verify() == entries + 1
            assert there.audit.tail(1)[0].action == "store.moved"

    def test_goes_back_only_when_asked(self, stores: Stores) -> None:
        stores.here.moving.move_to(stores.there.moving)
        with stores.opened_there() as there:
            digest = there.models.list("mail")[0].digest
            # Its number is the next one: a counter that was not moved would meet the old rows.
            there.models.set_alias("mail", "new", digest, expected=None, by="x", reason="r")
            with pytest.raises(StoreError, match="--replace-moved"):
                there.moving.move_to(stores.here.moving)
            there.moving.move_to(stores.here.moving, replace_moved=True)
        assert stores.here.moving.mark() is None
        assert [e.action for e in stores.here.audit.tail(2)] == ["alias.moved", "store.moved"]
        stores.here.audit.append("test.done", "and can be written again")

    def test_makes_a_writer_wait_then_refuses_it(
        self, stores: Stores, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[BaseException] = []

        def write() -> None:
            try:
                stores.here.audit.append("meanwhile", "x")
            except StoreError as error:
                told.append(error)

        writer = Thread(target=write)
        copy = copy_rows

        def slow(here: Connection, there: Connection) -> dict[str, TableSum]:
            writer.start()
            writer.join(0.2)
            assert writer.is_alive()  # it waits for the lock
            return copy(here, there)

        monkeypatch.setattr(moving, "copy_rows", slow)
        stores.here.moving.move_to(stores.there.moving)
        writer.join()
        assert [type(each) for each in told] == [StoreMovedError]
        assert sums(stores.here) == sums(stores.there)


class TestCheckTarget:
    def test_refuses_data_and_the_store_itself(self, stores: Stores) -> None:
        with pytest.raises(StoreError, match="already"):
            stores.here.moving.move_to(stores.here.moving)
        with pytest.raises(StoreError, match="was not moved"):
            stores.here.moving.finish(stores.there.moving)
        stores.there.audit.append("test.done", "something")
        with pytest.raises(StoreError, match="holds data"):
            stores.here.moving.move_to(stores.there.moving)
        assert stores.here.moving.mark() is None


class TestInterruptedMove:
    def test_leaves_one_store_that_counts(
        self, stores: Stores, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for place, step in (
            (dialects, "lock_tables"),
            (moving, "copy_rows"),
            (moving, "mark_arriving"),
            (moving, "mark_moved"),
        ):
            with monkeypatch.context() as patched:
                patched.setattr(place, step, _killed)
                with pytest.raises(_KilledError):
                    stores.here.moving.move_to(stores.there.moving)
            assert stores.here.moving.mark() is None
            stores.here.audit.append("test.done", f"the old one counts after {step}")
        with monkeypatch.context() as patched:
            patched.setattr(moving.Moving, "finish", _killed)
            with pytest.raises(_KilledError):
                stores.here.moving.move_to(stores.there.moving)
        with pytest.raises(StoreError, match="again"):
            stores.opened_there()
        stores.here.moving.finish(stores.there.moving)
        with stores.opened_there() as there:
            assert sums(there) == sums(stores.here)


class _KilledError(Exception):
    """Stands for the end of the process."""


def _killed(*_arguments: object) -> None:
    raise _KilledError

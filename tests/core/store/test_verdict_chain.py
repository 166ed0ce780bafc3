"""The chain over the verdicts: what is done to them shows, also by two writers at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, delete, insert, select, update

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.chain import START
from sftsec_core.store.store import Store
from sftsec_core.store.tables import verdict_chain, verdict_head, verdicts

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def incidents(prefix: str, count: int) -> list[Incident]:
    return [
        Incident(f"{prefix}{n}", {}, (Verdict("spam", "ada", NOON + timedelta(seconds=n), "seen"),))
        for n in range(count)
    ]


@pytest.fixture
def filled(store: Store) -> Store:
    return fill(store)


@pytest.fixture
def attacked(tmp_path: Path) -> Iterator[Store]:
    """What is done to rows is the same on every database."""
    with Store.open(None, folder=tmp_path, actor="tester") as opened:
        yield fill(opened)


def fill(store: Store) -> Store:
    store.verdicts.add("mail", incidents("a", 3))
    store.verdicts.add("mail", [Incident("odd \x00", {}, (Verdict("ham \ud800"),))])
    store.verdicts.add("mail", incidents("a", 5))
    return store


def key_of(seq: int) -> object:
    return select(verdict_chain.c.key).where(verdict_chain.c.seq == seq).scalar_subquery()


def change(**values: object) -> Callable[[Connection], object]:
    return lambda c: c.execute(update(verdicts).where(verdicts.c.key == key_of(3)).values(values))


def put_in(connection: Connection) -> None:
    row = connection.execute(select(verdicts).where(verdicts.c.key == key_of(1))).one()
    connection.execute(insert(verdicts).values({**row._mapping, "key": "f" * 40, "value": "ham"}))


def empty(connection: Connection) -> None:
    for table in (verdicts, verdict_chain):
        connection.execute(delete(table))
    connection.execute(update(verdict_head).values(seq=0, hash=START))


NOT_AS_WRITTEN = "verdict 3 is not as it was written"
ATTACKS: dict[str, tuple[Callable[[Connection], object], str]] = {
    "word": (change(value="ham"), NOT_AS_WRITTEN),
    "analyst": (change(analyst="eve"), NOT_AS_WRITTEN),
    "time": (change(at=NOON), NOT_AS_WRITTEN),
    "reason": (change(reason="x"), NOT_AS_WRITTEN),
    "incident": (change(incident_uid="a9"), NOT_AS_WRITTEN),
    "origin": (change(automated=True), NOT_AS_WRITTEN),
    "removed": (
        lambda c: c.execute(delete(verdicts).where(verdicts.c.key == key_of(2))),
        "verdict 2 was removed",
    ),
    "removed with its link": (
        lambda c: c.execute(delete(verdict_chain).where(verdict_chain.c.seq == 2)),
        "verdict 2 is missing",
    ),
    "put in": (put_in, "there are 7, and their chain has 6"),
    "tail cut": (
        lambda c: c.execute(delete(verdict_chain).where(verdict_chain.c.seq > 4)),
        "ends after verdict 4, but its head",
    ),
    "head removed": (lambda c: c.execute(delete(verdict_head)), "ends after verdict 6, but"),
}


class TestVerify:
    def test_counts_each_verdict_once(self, filled: Store) -> None:
        assert filled.verdict_chain.verify() == len(filled.verdicts.list()) == 6

    def test_passes_what_a_pull_renews(self, filled: Store) -> None:
        """When it was pulled, and by which run."""
        before = filled.verdict_chain.head()
        assert filled.verdicts.add("mail", incidents("a", 2), run_id="r2", changed=["a0"]) == 1
        assert filled.verdict_chain.head() == before
        assert filled.verdict_chain.verify() == 6

    @pytest.mark.parametrize("what", ATTACKS)
    def test_names_what_was_done(self, attacked: Store, what: str) -> None:
        attack, message = ATTACKS[what]
        with attacked.writing() as connection:
            attack(connection)
        with pytest.raises(IntegrityError, match=message):
            attacked.verdict_chain.verify()

    def test_compares_a_hash_noted_elsewhere(self, filled: Store) -> None:
        number, last = filled.verdict_chain.head()
        filled.verdicts.add("mail", incidents("b", 1))
        assert filled.verdict_chain.verify({number: last}) == 7
        with pytest.raises(IntegrityError, match="verdict 6 is not the one that the audit log"):
            filled.verdict_chain.verify({number: "0" * 64})
        with filled.writing() as connection:
            empty(connection)
        assert filled.verdict_chain.verify() == 0
        with pytest.raises(IntegrityError, match="has sealed 6 of them, and there are 0"):
            filled.verdict_chain.verify({number: last})


class TestWriters:
    def test_at_once_make_one_chain(self, store: Store, database_url: str, state: Path) -> None:
        """They share half of what they add, and come in each other's way."""

        def add(prefix: str) -> int:
            with Store.open(database_url, folder=state, actor="tester") as mine:
                return sum(
                    mine.verdicts.add("mail", [*incidents("both", n), *incidents(prefix, n)])
                    for n in range(1, 21)
                )

        with ThreadPoolExecutor(2) as pool:
            added = sum(pool.map(add, ("left", "right")))
        assert added == store.verdict_chain.verify() == 60

    def test_that_fail_leave_no_link(self, filled: Store) -> None:
        before = filled.verdict_chain.head()
        naive = Verdict("spam", "ada", NOON.replace(tzinfo=None))
        with pytest.raises(Exception, match="has no time zone"):
            filled.verdicts.add("mail", [*incidents("c", 1), Incident("d", {}, (naive,))])
        assert filled.verdict_chain.head() == before
        assert filled.verdict_chain.verify() == 6


class TestMigration:
    def test_chains_what_is_there(self, filled: Store) -> None:
        migration = import_module("sftsec_core.store.migrations.versions.r0007_verdict_chain")
        with filled.writing() as connection:
            for table in (verdict_chain, verdict_head):
                table.drop(connection)
            with Operations.context(MigrationContext.configure(connection)):
                migration.upgrade()
        assert filled.verdict_chain.verify() == 6
        assert filled.verdicts.add("mail", incidents("a", 6)) == 1
        assert filled.verdict_chain.verify() == 7

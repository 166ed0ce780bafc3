"""Models, moves of aliases and runs without an entry: a log that was emptied with its head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, update

from sftsec_core.api.domain import ModelRef
from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.audit_records import SEALED, RecordCounts
from sftsec_core.store.chain import START
from sftsec_core.store.runs import RunOrder
from sftsec_core.store.store import Store
from sftsec_core.store.tables import alias_history, aliases, audit, audit_head, models, runs

AT = datetime(2026, 1, 5, tzinfo=UTC)
FIRST, SECOND = "a" * 64, "b" * 64


@pytest.fixture
def used(store: Store, state: Path) -> Store:
    return use(store, state)


@pytest.fixture
def attacked(tmp_path: Path) -> Iterator[Store]:
    """What is done to rows is the same on every database."""
    with Store.open(None, folder=tmp_path, actor="tester") as opened:
        yield use(opened, tmp_path)


def use(store: Store, state: Path) -> Store:
    """Fill a store with a run, two models, and an alias that moved from one to the other."""
    run = store.runs.begin(RunOrder("retrain", "mail", {}), state / "runs").info
    store.audit.append("retrain.started", "mail", {"run": run.id, "resumed": False})
    previous = None
    for digest in (FIRST, SECOND):
        store.models.add(ModelRef(digest, "mail", "linear", run.id, state / digest, AT, ()))
        store.models.set_alias("mail", "live", digest, expected=previous, by="ann", reason="gate")
        previous = digest
    store.runs.finish(run.id, "succeeded")
    return store


def empty(connection: Connection) -> None:
    connection.execute(delete(audit))
    connection.execute(update(audit_head).values(seq=0, hash=START))


def cut(connection: Connection, after: int) -> None:
    """Cut the tail off, and let the head name the entry that is last now."""
    connection.execute(delete(audit).where(audit.c.seq > after))
    last = connection.execute(audit.select().where(audit.c.seq == after)).one()
    connection.execute(update(audit_head).values(seq=last.seq, hash=last.hash))


ATTACKS: dict[str, tuple[Callable[[Connection], object], str]] = {
    "emptied with its head": (empty, "model [ab]{12} is registered, and it has no entry"),
    "tail cut with its head": (lambda c: cut(c, 4), "'live' of task 'mail' points at model b{12}"),
    "alias pointed elsewhere": (
        lambda c: c.execute(update(aliases).values(digest=FIRST)),
        "points at model a{12}, and it says b{12}",
    ),
    "move put into the history": (
        lambda c: c.execute(
            insert(alias_history).values(
                task="mail", alias="live", digest=FIRST, at=AT, by="mallory", reason="-"
            )
        ),
        "was moved to a{12}, and it has no entry",
    ),
    "model put in": (
        lambda c: c.execute(
            insert(models).values(
                digest="c" * 64, task="mail", recipe="x", run_id="r", folder="f", created_at=AT
            )
        ),
        "model c{12} is registered, and it has no entry",
    ),
    "run under another id": (
        lambda c: c.execute(update(runs).values(id="another")),
        "run another came to its end, and it has no entry",
    ),
}


class TestAuditedRecords:
    def test_are_counted_where_all_have_entries(self, used: Store) -> None:
        assert used.audit.examine().records == RecordCounts(models=2, moves=2, runs=1)

    @pytest.mark.parametrize("what", ATTACKS)
    def test_without_an_entry_are_a_fault(self, attacked: Store, what: str) -> None:
        attack, message = ATTACKS[what]
        with attacked.writing() as connection:
            attack(connection)
        with pytest.raises(IntegrityError, match=message):
            attacked.audit.verify()

    def test_spare_an_interrupted_run(self, store: Store, state: Path) -> None:
        """It may have been killed before its first entry."""
        run = store.runs.begin(RunOrder("retrain", "mail", {}), state / "runs").info
        store.runs.interrupt(run.id, "killed")
        assert store.audit.verify() == 0

    def test_of_a_seal_without_numbers(self, store: Store) -> None:
        store.audit.append(SEALED, "verdicts", {"verdicts": "all"})
        with pytest.raises(IntegrityError, match="entry 1 seals no verdicts"):
            store.audit.verify()

    def test_of_a_failed_run_show_emptying(self, store: Store, state: Path) -> None:
        run = store.runs.begin(RunOrder("retrain", "mail", {}), state / "runs").info
        store.audit.append("retrain.started", "mail", {"run": run.id, "resumed": False})
        store.runs.finish(run.id, "failed", error="no labels")
        assert store.audit.verify() == 1
        with store.writing() as connection:
            empty(connection)
        with pytest.raises(IntegrityError, match=f"run {run.id} came to its end"):
            store.audit.verify()

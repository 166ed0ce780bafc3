"""The audit log: appended, chained, and honest about what was done to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update

from sftsec_core.api.errors import IntegrityError
from sftsec_core.store.store import Store
from sftsec_core.store.tables import audit, audit_head


@pytest.fixture
def written(store: Store) -> Store:
    for number in range(1, 6):
        store.audit.append("test.done", f"thing {number}", {"number": number})
    return store


def _forge(connection: Connection) -> None:
    last = connection.execute(select(audit).where(audit.c.seq == 5)).one()
    connection.execute(insert(audit).values({**last._mapping, "seq": 6}))


TAMPERING: dict[str, tuple[Callable[[Connection], object], str]] = {
    "details": (
        lambda c: c.execute(update(audit).where(audit.c.seq == 3).values(details={"number": 9})),
        "entry 3 is not as it was written",
    ),
    "actor": (
        lambda c: c.execute(update(audit).where(audit.c.seq == 1).values(actor="mallory")),
        "entry 1 is not as it was written",
    ),
    "time": (
        lambda c: c.execute(
            update(audit)
            .where(audit.c.seq == 2)
            .values(at=select(audit.c.at).where(audit.c.seq == 5).scalar_subquery())
        ),
        "entry 2 is not as it was written",
    ),
    "a row removed": (
        lambda c: c.execute(delete(audit).where(audit.c.seq == 3)),
        "entry 3 is missing",
    ),
    "the tail cut off": (
        lambda c: c.execute(delete(audit).where(audit.c.seq > 3)),
        "ends after entry 3, but its head says otherwise",
    ),
    "everything removed": (
        lambda c: c.execute(delete(audit)),
        "ends after entry 0, but its head says otherwise",
    ),
    "a row put in": (_forge, "entry 6 is not as it was written"),
    "the head removed": (
        lambda c: c.execute(delete(audit_head)),
        "ends after entry 5, but its head says otherwise",
    ),
    "two rows swapped": (
        lambda c: (
            c.execute(
                text(
                    "UPDATE audit SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3)"
                )
            )
            and c.execute(text("UPDATE audit SET seq = -seq WHERE seq < 0"))
        ),
        "entry 2 is not as it was written",
    ),
}


def test_an_empty_log_verifies(store: Store) -> None:
    assert store.audit.verify() == 0


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_found_by_entry(written: Store, what: str) -> None:
    tamper, message = TAMPERING[what]
    with written.writing() as connection:
        tamper(connection)
    with pytest.raises(IntegrityError, match=message):
        written.audit.verify()


def test_odd_values_are_written_and_still_verify(store: Store) -> None:
    details = {"nan": float("nan"), "text": "\x00 \ud800 é", "float": 0.1 + 0.2, 5: ("a", None)}
    store.audit.append("test.odd", "\x00\ud800", details)  # type: ignore[arg-type]
    assert store.audit.verify() == 1
    (entry,) = store.audit.tail()
    assert entry.details["float"] == 0.1 + 0.2
    assert entry.details["nan"] == "nan"


class TestEntries:
    def test_carry_number_and_operating_system_user(self, written: Store) -> None:
        entries = written.audit.tail(2)
        assert [entry.seq for entry in entries] == [4, 5]
        assert {entry.actor for entry in entries} == {"tester"}
        assert written.audit.verify() == 5
        assert written.audit.head() == (5, entries[-1].hash)

    def test_after_another_are_ordered_and_bounded(self, written: Store) -> None:
        assert [entry.seq for entry in written.audit.after(2, 2)] == [3, 4]
        assert [entry.seq for entry in written.audit.after(0, 100)] == [1, 2, 3, 4, 5]
        assert written.audit.after(5, 100) == []


class TestAbout:
    def test_finds_names_in_objects_and_details(self, store: Store) -> None:
        store.audit.append("test.done", "model-1")
        store.audit.append("test.done", "else", {"run": {"id": "run-7"}, "n": 3})
        store.audit.append("test.done", "other", {"run": "run-8"})
        found, more = store.audit.about(["run-7", "model-1"], 10)
        assert [entry.seq for _, entry in found] == [1, 2]
        assert [before for before, _ in found] == [None, store.audit.hash_of(1)]
        assert more == 0

    def test_returns_the_last_ones(self, written: Store) -> None:
        found, more = written.audit.about(["thing"], 2)
        assert [entry.seq for _, entry in found] == [4, 5]
        assert more == 3

    def test_takes_no_wildcards(self, written: Store) -> None:
        assert written.audit.about(["%"], 9) == ([], 0)

"""Verdicts: kept once, whatever comes, and fast."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.api.errors import StoreError
from sftsec_core.store.store import Store
from sftsec_core.store.verdicts import VerdictCount

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def incident(uid: str, *verdicts: Verdict) -> Incident:
    return Incident(uid, {}, verdicts)


def test_the_same_verdict_pulled_twice_is_one_row(store: Store) -> None:
    pulled = [incident("a", Verdict("spam", "ada", NOON)), incident("b", Verdict("ham", "ada"))]
    assert store.verdicts.add("mail", pulled, run_id="r1") == 2
    assert store.verdicts.add("mail", pulled, run_id="r2") == 0
    assert {row.run_id for row in store.verdicts.list()} == {"r1"}


@pytest.mark.parametrize(
    "other",
    [
        Verdict("ham", "ada", NOON),
        Verdict("spam", "bob", NOON),
        Verdict("spam", "ada", NOON + timedelta(microseconds=1)),
        Verdict("spam", "ada", NOON, automated=True),
        Verdict("spam", None, NOON),
        Verdict("spam", "ada", None),
    ],
)
def test_another_word_person_time_or_hand_is_another_verdict(store: Store, other: Verdict) -> None:
    first = Verdict("spam", "ada", NOON)
    assert store.verdicts.add("mail", [incident("a", first, other)]) == 2


def test_an_edited_reason_or_the_same_moment_in_another_zone_is_no_second_verdict(
    store: Store,
) -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    first, second = Verdict("spam", "ada", NOON, "seen before"), Verdict("spam", "ada", tokyo, "x")
    assert store.verdicts.add("mail", [incident("a", first, second)]) == 1
    (kept,) = store.verdicts.of("mail", ["a"])["a"]
    assert (kept.at, kept.reason) == (NOON, "seen before")


def test_connectors_do_not_share_incidents(store: Store) -> None:
    for connector in ("mail", "proxy"):
        assert store.verdicts.add(connector, [incident("a", Verdict("spam"))]) == 1
    assert store.verdicts.of("mail", ["a", "b"]) == {"a": (Verdict("spam"),)}


def test_verdicts_on_an_incident_come_oldest_first(store: Store) -> None:
    given = [Verdict("c", "x", NOON + timedelta(hours=n)) for n in (3, 1, 2)]
    store.verdicts.add("mail", [incident("a", *given)])
    found = store.verdicts.of("mail", ["a"])["a"]
    assert [verdict.at for verdict in found] == [NOON + timedelta(hours=n) for n in (1, 2, 3)]


def test_many_incidents_are_found_in_one_question(store: Store) -> None:
    uids = [str(number) for number in range(1201)]
    store.verdicts.add("mail", [incident(uid, Verdict("spam")) for uid in uids])
    assert set(store.verdicts.of("mail", uids)) == set(uids)


def test_text_that_no_database_holds_does_not_stop_the_batch(store: Store) -> None:
    broken = incident("a\x00b", Verdict("spam\ud800", "ada\x00", NOON, "\udfff"))
    assert store.verdicts.add("mail", [broken, incident("c", Verdict("ham"))]) == 2
    assert store.verdicts.add("mail", [broken]) == 0
    assert {row.verdict.value for row in store.verdicts.list()} == {"spam?", "ham"}


def test_a_time_without_a_zone_is_refused_in_one_line(store: Store) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(StoreError, match="has no time zone") as caught:
        store.verdicts.add("mail", [incident("a", Verdict("spam", "ada", naive))])
    assert "\n" not in str(caught.value)
    assert store.verdicts.list() == []


def test_the_counts_say_how_often_each_word_was_said_and_by_machines(store: Store) -> None:
    store.verdicts.add(
        "mail",
        [
            incident("a", Verdict("spam", "ada"), Verdict("spam", automated=True)),
            incident("b", Verdict("ham", "ada")),
        ],
    )
    assert store.verdicts.stats() == [
        VerdictCount("mail", "spam", 2, 1),
        VerdictCount("mail", "ham", 1, 0),
    ]
    assert store.verdicts.stats("proxy") == []
    assert [row.incident_uid for row in store.verdicts.list("mail", value="ham")] == ["b"]


def test_a_bulk_insert_costs_little_processor_time_a_row(tmp_path: Path) -> None:
    rows = 20_000
    given = (
        incident(f"mail.jsonl:{n}", Verdict("spam", f"a{n % 7}", NOON + timedelta(seconds=n)))
        for n in range(rows)
    )
    with Store.open(None, folder=tmp_path, actor="tester") as store:
        start = time.process_time()
        assert store.verdicts.add("mail", given) == rows
        # A quarter of the 50,000 rows a second that we ask of a quiet machine.
        assert rows / (time.process_time() - start) > 12_500

"""Verdicts: kept once, whatever comes, and fast."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.api.errors import StoreError
from sftsec_core.store.store import Store

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def incident(uid: str, *verdicts: Verdict) -> Incident:
    return Incident(uid, {}, verdicts)


class TestIdentity:
    def test_verdict_pulled_twice_is_one_row(self, store: Store) -> None:
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
    def test_any_changed_part_is_another_verdict(self, store: Store, other: Verdict) -> None:
        first = Verdict("spam", "ada", NOON)
        assert store.verdicts.add("mail", [incident("a", first, other)]) == 2

    def test_reason_and_zone_make_no_second_verdict(
        self,
        store: Store,
    ) -> None:
        tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
        first, second = (
            Verdict("spam", "ada", NOON, "seen before"),
            Verdict("spam", "ada", tokyo, "x"),
        )
        assert store.verdicts.add("mail", [incident("a", first, second)]) == 1
        (kept,) = store.verdicts.of("mail", ["a"])["a"]
        assert (kept.at, kept.reason) == (NOON, "seen before")

    def test_connectors_do_not_share_incidents(self, store: Store) -> None:
        for connector in ("mail", "proxy"):
            assert store.verdicts.add(connector, [incident("a", Verdict("spam"))]) == 1
        assert store.verdicts.of("mail", ["a", "b"]) == {"a": (Verdict("spam"),)}


class TestReading:
    def test_verdicts_on_an_incident_come_oldest_first(self, store: Store) -> None:
        given = [Verdict("c", "x", NOON + timedelta(hours=n)) for n in (3, 1, 2)]
        store.verdicts.add("mail", [incident("a", *given)])
        found = store.verdicts.of("mail", ["a"])["a"]
        assert [verdict.at for verdict in found] == [NOON + timedelta(hours=n) for n in (1, 2, 3)]

    def test_finds_many_incidents_in_one_query(self, store: Store) -> None:
        uids = [str(number) for number in range(1201)]
        store.verdicts.add("mail", [incident(uid, Verdict("spam")) for uid in uids])
        assert set(store.verdicts.of("mail", uids)) == set(uids)

    def test_lists_one_value_alone(self, store: Store) -> None:
        given = [incident("a", Verdict("spam", "ada")), incident("b", Verdict("ham", "ada"))]
        store.verdicts.add("mail", given)
        assert [row.incident_uid for row in store.verdicts.list("mail", value="ham")] == ["b"]

    def test_finds_uids_by_their_end(self, store: Store) -> None:
        uids = ["a.jsonl#7_1", "b.jsonl#7_1", "a.jsonl#7x1", "a.jsonl#7_12"]
        store.verdicts.add("mail", [incident(uid, Verdict("spam")) for uid in uids])
        assert store.verdicts.ending_with("7_1") == ["a.jsonl#7_1", "b.jsonl#7_1"]
        assert store.verdicts.ending_with("1", limit=1) == ["a.jsonl#7_1"]


class TestPulledSince:
    def test_counts_what_was_first_seen_later(self, tmp_path: Path) -> None:
        now = [NOON]
        with Store.open(None, folder=tmp_path, actor="tester", clock=lambda: now[0]) as store:
            store.verdicts.add("mail", [incident("m1", Verdict("spam"))])
            now[0] = NOON + timedelta(hours=1)
            store.verdicts.add("mail", [incident("m1", Verdict("spam"), Verdict("ham"))])
            store.verdicts.add("other", [incident("m2", Verdict("spam"))])
            assert store.verdicts.pulled_since("mail", NOON) == 1
            assert store.verdicts.pulled_since("mail", now[0]) == 0


class TestAdd:
    def test_unstorable_text_does_not_stop_it(self, store: Store) -> None:
        broken = incident("a\x00b", Verdict("spam\ud800", "ada\x00", NOON, "\udfff"))
        assert store.verdicts.add("mail", [broken, incident("c", Verdict("ham"))]) == 2
        assert store.verdicts.add("mail", [broken]) == 0
        assert {row.verdict.value for row in store.verdicts.list()} == {"spam?", "ham"}

    def test_naive_time_is_refused_in_one_line(self, store: Store) -> None:
        naive = NOON.replace(tzinfo=None)
        with pytest.raises(StoreError, match="has no time zone") as caught:
            store.verdicts.add("mail", [incident("a", Verdict("spam", "ada", naive))])
        assert "\n" not in str(caught.value)
        assert store.verdicts.list() == []

    def test_bulk_insert_costs_little_time(self, tmp_path: Path) -> None:
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

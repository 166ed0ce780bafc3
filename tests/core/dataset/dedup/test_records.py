"""Which records were seen, by uid and inputs together."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.dataset.dedup.items import DedupResult, DedupStatus
from sftsec_core.dataset.dedup.records import NamedBatch, RecordNames, row_uid
from sftsec_core.dataset.dedup.tables import digests

ONE, TWO = "1" * 32, "2" * 32


def look_up(names: RecordNames, *records: tuple[str, str]) -> NamedBatch:
    uids = digests(uid for uid, _ in records)
    return names.look_up(uids, digests(f"{inputs}\x00{uid}" for uid, inputs in records))


def result(*, shares_id: bool) -> DedupResult:
    return DedupResult(DedupStatus.KEPT, ONE, 0, shares_id)


class TestRecordNames:
    def test_know_a_record_by_both(self) -> None:
        names = RecordNames()
        first = look_up(names, ("a", ONE), ("a", TWO))
        assert [first.remember(0, 5), first.remember(1, 6)] == [False, True]
        names.keep(first, np.array([5, 6]), np.array([False, False]))
        again = look_up(names, ("a", TWO), ("a", ONE), ("b", ONE))
        assert [again.known(n) for n in range(3)] == [(6, True), (5, False), None]

    def test_know_it_within_a_batch(self) -> None:
        batch = look_up(RecordNames(), ("a", ONE), ("a", ONE))
        assert batch.known(0) is None
        batch.remember(0, 5)
        assert batch.known(1) == (5, False)

    def test_know_it_after_a_restart(self) -> None:
        names, again = RecordNames(), RecordNames()
        batch = look_up(names, ("a", ONE))
        batch.remember(0, 5)
        names.keep(batch, np.array([5]), np.array([False]))
        again.restore(names.take_unsaved())
        later = look_up(again, ("a", ONE), ("a", TWO))
        assert later.known(0) == (5, False)
        assert later.remember(1, 6)
        assert not len(names.take_unsaved()["records.row"])


class TestRowUid:
    def test_is_the_uid_of_the_first(self) -> None:
        assert row_uid("a", ONE, result(shares_id=False)) == "a"

    def test_names_the_inputs_of_others(self) -> None:
        assert row_uid("a", TWO, result(shares_id=True)) == f"a~{TWO}"

    @pytest.mark.parametrize("shares_id", [True, False])
    def test_never_meets_a_uid_like_it(self, shares_id: bool) -> None:
        given = row_uid(f"a~{TWO}", ONE, result(shares_id=shares_id))
        assert given == f"a~{TWO}~{ONE}"

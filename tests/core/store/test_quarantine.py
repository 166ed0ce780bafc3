"""Bad records are counted, told apart and kept short."""

from __future__ import annotations

from sftsec_core.api.domain import Rejection
from sftsec_core.store.store import Store

BAD = Rejection("mail.jsonl:17", "not JSON", "d" * 64)


class TestQuarantine:
    def test_counts_a_record_met_again(self, store: Store) -> None:
        assert store.quarantine.add("mail", [BAD, BAD], run_id="r1") == 2
        store.quarantine.add("mail", [BAD], run_id="r2")
        (kept,) = store.quarantine.list("mail")
        assert (kept.where, kept.reason, kept.digest) == ("mail.jsonl:17", "not JSON", "d" * 64)
        assert (kept.seen, kept.run_id) == (3, "r2")
        assert kept.first_at <= kept.last_at
        assert store.quarantine.count() == 1

    def test_keeps_connectors_and_reasons_apart(
        self,
        store: Store,
    ) -> None:
        store.quarantine.add("mail", [BAD, Rejection(BAD.where, "too deep", BAD.digest)])
        store.quarantine.add("proxy", [BAD])
        assert (store.quarantine.count("mail"), store.quarantine.count("proxy")) == (2, 1)
        assert store.quarantine.list(run_id="r1") == []

    def test_counts_what_a_run_met_by_reason(self, store: Store) -> None:
        again = Rejection(BAD.where, "too deep", BAD.digest)
        store.quarantine.add("mail", [BAD, BAD, again], run_id="r1")
        assert store.quarantine.reasons("r1") == {BAD.reason: 2, "too deep": 1}
        store.quarantine.add("mail", [BAD, again, again], run_id="r2")
        store.quarantine.add("mail", [again], run_id="r2")
        assert store.quarantine.reasons("r2") == {"too deep": 3, BAD.reason: 1}
        assert store.quarantine.reasons("r1") == {}
        assert {each.reason: each.seen for each in store.quarantine.list()} == {
            BAD.reason: 3,
            "too deep": 4,
        }

    def test_cuts_a_reason_with_a_whole_record(self, store: Store) -> None:
        store.quarantine.add("mail", [Rejection("x" * 10_000, "\x00" + "y" * 10_000)])
        (kept,) = store.quarantine.list()
        assert len(kept.where) == len(kept.reason) == 500

"""Requested labels wait until a verdict on their incident is pulled."""

from __future__ import annotations

from contextlib import suppress

from sftsec_core.api.domain import Incident, Verdict
from sftsec_core.store.store import Store


def judged(uid: str, value: str = "tp") -> Incident:
    return Incident(uid, {}, (Verdict(value),))


class TestLabelRequests:
    def test_wait_until_a_verdict_is_pulled(self, store: Store) -> None:
        store.label_requests.add("mail", "siem", ["a", "b", "a"], model="m" * 64)
        store.label_requests.add("mail", "siem", ["c"], model="n" * 64)
        assert store.label_requests.waiting("mail", "siem") == 3
        store.verdicts.add("siem", [judged("b")])
        store.verdicts.add("other", [judged("a")])
        assert store.label_requests.waiting("mail", "siem") == 2
        assert store.label_requests.waiting("mail", "other") == 0
        assert store.label_requests.waiting("proxy", "siem") == 0
        assert store.label_requests.waiting_models() == {"m" * 64, "n" * 64}
        store.verdicts.add("siem", [judged("c")])
        assert store.label_requests.waiting_models() == {"m" * 64}

    def test_wait_again_for_other_content(self, store: Store) -> None:
        store.label_requests.add("mail", "siem", ["a"], model="m" * 64)
        store.verdicts.add("siem", [judged("a")])
        assert store.label_requests.waiting("mail", "siem") == 0
        store.label_requests.add("mail", "siem", ["a"], model="n" * 64)
        assert store.label_requests.waiting_models() == {"n" * 64}
        store.verdicts.add("siem", [judged("a", "another")])
        assert store.label_requests.waiting("mail", "siem") == 0

    def test_end_with_the_same_word_again(self, store: Store) -> None:
        """A second attack under one id gets the verdict of the first, which has no time."""
        store.verdicts.add("siem", [judged("a"), judged("b")])
        store.label_requests.add("mail", "siem", ["a", "b"], model="m" * 64)
        since = store.verdicts.list()[0].pulled_at
        assert store.verdicts.add("siem", [judged("a"), judged("b")]) == 0
        assert store.label_requests.waiting("mail", "siem") == 2
        assert store.verdicts.add("siem", [judged("a"), judged("b")], changed=["a"]) == 1
        assert store.label_requests.waiting("mail", "siem") == 1
        assert store.verdicts.pulled_since("siem", since) == 1

    def test_take_part_in_a_transaction(self, store: Store) -> None:
        with suppress(KeyError), store.writing() as connection:
            store.label_requests.add("mail", "siem", ["a"], model="m", joined=connection)
            raise KeyError
        assert store.label_requests.waiting("mail", "siem") == 0

"""Draws are kept with their probability, by task and model, for a while."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from operator import sub
from pathlib import Path

from sftsec_core.store.columns import utc_now
from sftsec_core.store.store import Store

MODEL, OTHER = "m" * 64, "n" * 64
WEEK = timedelta(days=7)


def add(store: Store, *uids: str, probability: float = 0.1, model: str = MODEL) -> None:
    store.recall_draws.add("mail", "siem", uids, model=model, probability=probability)


class TestRecallDraws:
    def test_are_those_of_a_model(self, store: Store) -> None:
        add(store, "b", "a", "a")
        add(store, "a", model=OTHER)
        now = utc_now()
        found = store.recall_draws.made("mail", MODEL, since=now - WEEK, until=now + WEEK)
        assert found == [("siem", "a", 0.1), ("siem", "b", 0.1)]
        assert store.recall_draws.made("mail", MODEL, since=now + WEEK, until=now + 2 * WEEK) == []

    def test_keep_the_highest_probability(self, store: Store) -> None:
        for probability in (0.1, 0.3, 0.2):
            add(store, "a", probability=probability)
        now = utc_now()
        found = store.recall_draws.made("mail", MODEL, since=now - WEEK, until=now + WEEK)
        assert found == [("siem", "a", 0.3)]

    def test_go_after_ninety_days(self, tmp_path: Path) -> None:
        now = utc_now()
        for days, uid in ((91, "old"), (2, "young"), (0, "new")):
            clock = partial(sub, now, timedelta(days=days))
            with Store.open(None, folder=tmp_path, clock=clock) as store:
                add(store, uid)
        with Store.open(None, folder=tmp_path) as store:
            kept = store.recall_draws.made("mail", MODEL, since=now - 20 * WEEK, until=now + WEEK)
        assert [uid for _, uid, _ in kept] == ["young", "new"]

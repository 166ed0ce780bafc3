"""Rows of forgotten incidents go; what tells that they went stays, and names none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete

from sftsec_core.api.domain import Incident, Rejection, Verdict
from sftsec_core.api.errors import IntegrityError
from sftsec_core.dataset.sources import abroad_uid
from sftsec_core.store.erasures import Erasure
from sftsec_core.store.store import Store
from sftsec_core.store.tables import verdicts
from tests.core.store.filled import DIGEST, fill
from tests.core.store.filled import _detection as detection

TASKS = {"mail": ("siem",)}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(None, folder=tmp_path, actor="ann") as opened:
        fill(opened, tmp_path)
        yield opened


def gone(connector: str, uid: str) -> bool:
    return connector == "siem" and uid in {"i1", "incident 3", "x", "y"}


def begin(store: Store) -> Erasure:
    begun = store.erasures.draft("user", 2)
    store.erasures.begin(begun, {"a" * 32, "b" * 32})
    return begun


class TestErasures:
    def test_remove_the_rows_of_every_table(self, store: Store) -> None:
        store.quarantine.add("siem", [Rejection("record i1", "no text", "e" * 64)])
        planned = store.erasures.count(gone, TASKS)
        erasure = begin(store)
        done = store.erasures.remove(erasure, gone, TASKS)
        assert done == planned
        assert dict(done) == {
            "judged_inputs": 1,
            "label_requests": 1,
            "recall_draws": 1,
            "verdicts": 1,
            "outbox": 1,
            "quarantine": 2,  # the awkward reason has an x in it
        }
        assert store.verdicts.of("siem", ["i1", "i2"]).keys() == {"i2"}
        assert store.outbox.known("siem", [f"{3:040d}", f"{4:040d}"]).keys() == {f"{4:040d}"}
        assert not store.erasures.remove(erasure, gone, TASKS)

    def test_remove_a_detection_pushed_elsewhere(self, store: Store) -> None:
        other = replace(detection(8), incident_uid=abroad_uid("i1", "siem"))
        plain = replace(detection(9), incident_uid="i1")
        store.outbox.add("proxy", [other, plain], run_id="r")

        def either(connector: str, uid: str) -> bool:
            return gone(connector, uid.removesuffix("@siem")) or uid == "i1@siem"

        assert store.erasures.remove(begin(store), either, TASKS)["outbox"] == 3
        assert not store.outbox.known("proxy", [other.uid, plain.uid])

    def test_keep_the_chain_of_verdicts_whole(self, store: Store) -> None:
        store.erasures.remove(begin(store), gone, TASKS)
        state = store.audit.examine()
        assert state.erased == {2}
        assert store.verdict_chain.verify(state.sealed, erased=state.erased) == 41
        with pytest.raises(IntegrityError, match="verdict 2 was removed"):
            store.verdict_chain.verify(state.sealed)
        store.verdicts.add("siem", [Incident("new", {}, (Verdict("tp"),))])
        assert store.verdict_chain.verify(state.sealed, erased=state.erased) == 42
        with store.writing() as connection:
            connection.execute(delete(verdicts).where(verdicts.c.incident_uid == "i5"))
        with pytest.raises(IntegrityError, match="verdict 6 was removed"):
            store.verdict_chain.verify(state.sealed, erased=state.erased)

    def test_tell_of_an_interrupted_one(self, store: Store) -> None:
        erasure = begin(store)
        assert store.erasures.list() == [erasure]
        assert store.erasures.keys() == {"a" * 32, "b" * 32}
        store.erasures.finish(erasure, {"rows": {}})
        store.erasures.finish(erasure, {"rows": {}})
        assert store.erasures.list()[0].finished_at is not None
        told = [each.action for each in store.audit.tail(2)]
        assert told == ["erasure.begun", "erasure.finished"]

    def test_mark_models_until_made_again(self, store: Store) -> None:
        first = begin(store)
        assert store.erasures.mark([DIGEST], first) == 1
        assert store.erasures.mark([DIGEST], begin(store)) == 0
        assert store.erasures.outdated() == {DIGEST: first.at}
        store.erasures.clear(DIGEST)
        assert store.erasures.outdated() == {}

"""Approvals count for one model, one run and one way, until the live model changes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sftsec_core.api.domain import ModelRef
from sftsec_core.api.errors import StoreError
from sftsec_core.store.store import Store

NEW, OLD = "a" * 64, "b" * 64


def ref(digest: str = NEW, run: str = "run-1") -> ModelRef:
    now = datetime(2026, 11, 27, tzinfo=UTC)
    return ModelRef(digest, "mail", "linear", run, Path("/state/models") / digest, now)


def approve(
    store: Store, actor: str, digest: str = NEW, kind: str = "gate", live: str | None = None
) -> None:
    store.approvals.add(ref(digest), kind, actor=actor, reason="seen", live=live)


class TestApprovals:
    def test_count_a_person_once(self, store: Store) -> None:
        for actor in ("ann", "Ann", "bob", "ann"):
            approve(store, actor)
        assert [each.actor for each in store.approvals.list("mail")] == ["ann", "bob"]
        assert store.approvals.list("proxy") == []
        found = store.audit.tail(10, action="model.approved")
        assert [(each.actor, each.object) for each in found] == [("ann", NEW), ("bob", NEW)]

    def test_are_of_one_way_each(self, store: Store) -> None:
        approve(store, "ann")
        approve(store, "ann", kind="force")
        assert [each.kind for each in store.approvals.list("mail")] == ["gate", "force"]

    def test_lapse_when_the_live_model_changes(self, store: Store) -> None:
        for digest in (NEW, OLD):
            store.models.add(ref(digest))
        approve(store, "ann")
        store.models.set_alias("mail", "candidate", NEW, expected=None, by="x", reason="x")
        assert len(store.approvals.list("mail")) == 1
        store.models.set_alias("mail", "live", OLD, expected=None, by="x", reason="x")
        assert store.approvals.list("mail") == []

    def test_are_of_what_was_seen(self, store: Store) -> None:
        store.models.add(ref(OLD))
        store.models.set_alias("mail", "live", OLD, expected=None, by="x", reason="x")
        with pytest.raises(StoreError, match="changed meanwhile"):
            approve(store, "ann", live=None)
        approve(store, "ann", live=OLD)
        assert len(store.approvals.list("mail")) == 1

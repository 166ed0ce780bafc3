"""Refusals are in the audit log, and a flood of them does not fill it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sftsec_core.store.refusals import ACTION, LOGGED
from sftsec_core.store.store import Store


def refuse(store: Store, actor: str = "ann") -> None:
    store.refusals.add(actor, "model.retrain", task="mail", origin="server")


class TestRefusals:
    def test_stand_in_the_audit_log(self, store: Store) -> None:
        refuse(store)
        entry = store.audit.tail(1)[0]
        assert (entry.actor, entry.action, entry.object) == ("ann", ACTION, "mail")
        assert entry.details == {
            "permission": "model.retrain",
            "task": "mail",
            "origin": "server",
        }

    def test_a_flood_is_counted_instead(self, tmp_path: Path) -> None:
        now = datetime(2026, 11, 27, 12, tzinfo=UTC)
        with Store.open(None, folder=tmp_path, actor="x", clock=lambda: now) as store:
            for _ in range(LOGGED + 25):
                refuse(store)
            refuse(store, "bob")
            assert len(store.audit.tail(100, action=ACTION)) == LOGGED + 1
            now += timedelta(minutes=5)
            refuse(store)
            details = store.audit.tail(1)[0].details
            assert details["not_logged"] == 25
            assert details["in_minute"] == "2026-11-27T12:00:00+00:00"
            now += timedelta(minutes=1)
            refuse(store)
            assert "not_logged" not in store.audit.tail(1)[0].details
            assert store.audit.verify() == LOGGED + 3

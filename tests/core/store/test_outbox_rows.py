"""Detections that an earlier version wrote are read, and packed while others write."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

from sqlalchemy import column as col
from sqlalchemy import create_engine, insert, table, text

from sftsec_core.api.domain import Detection
from sftsec_core.store.migrations import migrate
from sftsec_core.store.store import Store
from sftsec_core.testing.incidents import make_detections

ROWS = 1_100
BEFORE = "0014"


def old_store(url: str, given: list[Detection]) -> None:
    """A store of before the columns, with pending detections."""
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    names = ("connector", "uid", "task", "detection", "status", "attempts", "created_at")
    outbox = table("outbox", *map(col, names))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [("siem", each.uid, each.task, _json(each), "pending", 0, now) for each in given]
    with engine.begin() as connection:
        migrate(connection, to=BEFORE)
        values = [dict(zip(names, row, strict=True)) for row in rows]
        connection.execute(insert(outbox), values)
    engine.dispose()


def _json(detection: Detection) -> str:
    stored: dict[str, Any] = {one.name: getattr(detection, one.name) for one in fields(Detection)}
    at = detection.at and detection.at.isoformat()
    return json.dumps({**stored, "at": at})


def stored_texts(url: str) -> list[str]:
    engine = create_engine(url)
    with engine.begin() as connection:
        found = connection.execute(text("SELECT CAST(detection AS TEXT) FROM outbox"))
        texts = list(found.scalars())
    engine.dispose()
    return texts


class TestOldRows:
    def test_are_read_and_packed_beside_writers(self, empty_database_url: str, state: Path) -> None:
        given = make_detections(ROWS, model_digest="a" * 64)
        old_store(empty_database_url, given)
        later = [replace(each, uid=f"later {number}") for number, each in enumerate(given[:50])]
        with (
            Store.open(empty_database_url, folder=state, actor="tester") as store,
            Store.open(empty_database_url, folder=state, actor="other") as other,
        ):
            uids = [each.uid for each in given]
            assert store.outbox.known("siem", uids) == {each.uid: each for each in given}
            assert store.pruning.pending_models() == {"a" * 64}
            writer = Thread(target=lambda: [other.outbox.add("siem", [each]) for each in later])
            writer.start()
            assert store.pack_outbox() == ROWS
            writer.join()
            assert store.pack_outbox() == 0
            assert store.outbox.known("siem", uids) == {each.uid: each for each in given}
            assert store.outbox.pending("siem") == ROWS + len(later)
        assert {each[:3] for each in stored_texts(empty_database_url)} == {'"1:'}

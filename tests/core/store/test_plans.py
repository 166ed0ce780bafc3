"""What is asked in a loop looks rows up: no statement walks a table that grows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event

from sftsec_core.api.domain import Incident, Rejection, Verdict
from sftsec_core.store.outbox import WRITTEN
from sftsec_core.store.store import Store
from sftsec_core.testing.incidents import make_detections
from tests.core.store.filled import fill

GROWING = {
    "audit",
    "judged_inputs",
    "label_requests",
    "outbox",
    "quarantine",
    "verdict_chain",
    "verdicts",
}
Statement = tuple[str, Any]


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """All statements that this thread carries out meanwhile, but for plain INSERTs.

    A server of another module's tests may still look for its models, in a thread of its own.
    """
    found: list[Statement] = []
    here = threading.get_ident()

    def note(*given: Any) -> None:
        _connection, _cursor, statement, parameters, _context, many = given
        changes_or_reads = statement.startswith(("SELECT", "UPDATE", "DELETE"))
        if changes_or_reads and threading.get_ident() == here:
            found.append((statement, parameters[0] if many else parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def deliver(store: Store, connector: str) -> None:
    """What a delivery asks of the outbox, failures included."""
    outbox, detections = store.outbox, make_detections(40, model_digest="a" * 64)
    uids = [each.uid for each in detections]
    outbox.add(connector, detections, run_id="run")
    claimed = outbox.claim(connector, "run:me", limit=30, retries=False)
    outbox.renew("run:me", [each.id for each in claimed])
    outbox.deliver(connector, uids[:20], WRITTEN)
    outbox.reject(connector, uids[20], "too large")
    outbox.postpone("run:me", claimed[22].id, "no answer")
    outbox.claim(connector, "run:me", limit=30, after=claimed[-1].id, retries=True)
    outbox.release("run:me")
    outbox.known(connector, uids)
    outbox.of_run("run")
    outbox.stranded(detections[0].task, [connector])
    outbox.made(detections[0].task, "a" * 64, since=datetime(2026, 1, 1, tzinfo=UTC), until=NOW)
    store.pruning.pending_models()


def page(store: Store, connector: str) -> None:
    """What a pulled page asks of the other tables."""
    incidents = [Incident(f"new{n}", {}, (Verdict("tp"),)) for n in range(20)]
    uids = [each.uid for each in incidents]
    store.verdicts.add(connector, incidents, changed=uids[:2])
    store.verdicts.of(connector, uids)
    store.judged_inputs.add(connector, "reading", [(uid, "d" * 32) for uid in uids])
    store.label_requests.add("mail", connector, uids, model="a" * 64)
    store.label_requests.waiting("mail", connector)
    store.quarantine.add(connector, [Rejection("file:2", "no JSON", "d" * 64)], run_id="run")
    store.quarantine.reasons("run")
    store.verdict_chain.seal(store.audit)
    store.audit.append("detections.pushed", connector)
    store.audit.after(3, 10)


def look(store: Store, connector: str) -> None:
    """What people ask for again and again."""
    store.verdicts.list(limit=5)
    store.verdicts.list(connector, limit=5)
    store.verdicts.list(value="tp", limit=5)
    store.verdicts.pulled_since(connector, NOW)
    store.verdict_chain.head()
    store.outbox.pending(connector)
    store.outbox.stranded("mail", [connector])
    store.audit.head()
    store.audit.last("detections.pushed", up_to=2)
    store.label_requests.judged("mail", connector)


NOW = datetime(2100, 1, 1, tzinfo=UTC)


class TestStatements:
    @pytest.mark.parametrize("work", [deliver, page, look])
    def test_walk_no_growing_table(
        self, store: Store, database_url: str, state: Path, work: Any
    ) -> None:
        fill(store, state)
        with recorded() as statements:
            work(store, "siem")
        walked = {
            statement: tables
            for statement, parameters in statements
            if (tables := _walked(database_url, statement, parameters) & GROWING)
        }
        assert len(statements) > 10
        assert walked == {}

    def test_read_the_newest_verdicts_in_order(
        self, store: Store, database_url: str, state: Path
    ) -> None:
        """No more than is shown is read: nothing is sorted, and a time bounds what is counted."""
        fill(store, state)
        with recorded() as statements:
            store.verdicts.list("siem", limit=5)
            store.verdicts.pulled_since("siem", NOW)
        plans = [_plan(database_url, *each) for each in statements if "verdicts" in each[0]]
        assert len(plans) == 2
        assert all("ix_verdicts_connector_pulled_at_key" in plan for plan in plans)
        assert [plan for plan in plans if "TEMP B-TREE" in plan or "Sort" in plan] == []

    def test_find_named_rows_by_their_keys(self, store: Store, database_url: str) -> None:
        """However many are pending: SQLite prefers to walk these where it may."""
        detections = make_detections(40, model_digest="a" * 64)
        store.outbox.add("siem", detections)
        ids = [each.id for each in store.outbox.claim("siem", "me", limit=40)]
        uids = [each.uid for each in detections]
        with recorded() as statements:
            store.outbox.renew("me", ids)
            store.outbox.deliver("siem", uids[:30], WRITTEN)
            store.outbox.reject("siem", uids[30], "too large")
            store.outbox.postpone("me", ids[31], "no answer")
            store.outbox.known("siem", uids)
        plans = [
            _plan(database_url, *each)
            for each in statements
            if "outbox" in each[0].split("WHERE")[0]
        ]
        assert len(plans) == 5
        assert [plan for plan in plans if "ix_outbox" in plan] == []


def _plan(url: str, statement: str, parameters: Any) -> str:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                return "\n".join(row.detail for row in rows)
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            return "\n".join(row[0] for row in rows)
    finally:
        engine.dispose()


def _walked(url: str, statement: str, parameters: Any) -> set[str]:
    """The tables that a plan goes through from end to end."""
    found = set()
    for line in _plan(url, statement, parameters).splitlines():
        words = line.replace("->", " ").split()
        if words[0] == "SCAN":
            found.add(words[1])
        elif words[:3] == ["Seq", "Scan", "on"]:
            found.add(words[3])
    return found

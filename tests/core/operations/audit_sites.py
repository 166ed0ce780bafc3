"""A connector that keeps the audit log's copy in memory, and attacks on the log of a store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from sftsec_core.api.domain import AuditAnchor, AuditEntry, PushReceipt
from sftsec_core.store.audit import AuditLog
from sftsec_core.store.store import Store
from sftsec_core.store.tables import audit, audit_head, cursors
from sftsec_core.testing import MemoryConnector, MemorySource


class KeepsLog(MemoryConnector):
    """Keeps entries by their hash, and rejects those of one action."""

    def __init__(self) -> None:
        super().__init__(MemorySource())
        self.kept: dict[str, AuditEntry] = {}

    def push_audit(self, entries: Sequence[AuditEntry]) -> PushReceipt:
        rejected = [(e.hash, "its action is odd") for e in entries if e.action == "odd"]
        new = [e for e in entries if e.hash not in self.kept and e.action != "odd"]
        known = [e.hash for e in entries if e.hash in self.kept]
        self.kept |= {e.hash: e for e in new}
        return PushReceipt([e.hash for e in new], known, rejected)


class ReadsLog(KeepsLog):
    """Can be asked for the end of its copy too."""

    def last_audit(self, log: str) -> AuditAnchor | None:
        mine = [e for e in self.kept.values() if e.log == log]
        seq = max((e.seq for e in mine), default=0)
        return AuditAnchor(seq, [e.hash for e in mine if e.seq == seq]) if mine else None


def rewrite(store: Store, first: int, **changed: Any) -> None:
    """Rewrite the log from an entry on, all hashes and the head too: no chain shows it."""
    rows: list[dict[str, Any]] = []
    with store.writing() as connection:
        query = select(audit).where(audit.c.seq >= first).order_by(audit.c.seq)
        rows = [dict(row._mapping) for row in connection.execute(query)]
    cut(store, first - 1)
    log: AuditLog = store.audit
    for number, row in enumerate(rows):
        said = row | (changed if number == 0 else {})
        log.append(said["action"], said["object"], said["details"], actor=said["actor"])


def cut(store: Store, after: int) -> None:
    """Cut the log off after an entry, with a head that says so."""
    with store.writing() as connection:
        connection.execute(delete(audit).where(audit.c.seq > after))
        last = connection.execute(select(audit).where(audit.c.seq == after)).one_or_none()
        head = {"seq": after, "hash": last.hash if last else "0" * 64}
        connection.execute(update(audit_head).values(head))


def forget_cursors(store: Store, cursor: str | None = None) -> None:
    """Remove what says how far the log was copied, or write something else there."""
    with store.writing() as connection:
        before = connection.execute(select(cursors)).all()
        connection.execute(delete(cursors))
        if cursor is not None:
            rows = [{**row._mapping, "cursor": cursor} for row in before]
            connection.execute(insert(cursors), rows)

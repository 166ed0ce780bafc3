"""The audit log: who did what to what, append-only and hash-chained.

Each row carries the SHA-256 of the row before it together with its own content, and a head row
names the last one; so a row that was changed, removed, put in or cut off at the end shows in
`verify`. A user who can write to the database can also recompute the whole chain: against
that, `sftsec audit push` copies the log into the SIEM.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from sftsec_core.api.domain import AuditEntry
from sftsec_core.api.errors import IntegrityError, StoreError
from sftsec_core.store.canonical import digest
from sftsec_core.store.columns import clean_text
from sftsec_core.store.scrub import hide_url_passwords, without_secrets
from sftsec_core.store.tables import audit, audit_head

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from sftsec_core.store.database import Database

START = "0" * 64
_ROWS_AT_A_TIME = 1_000


class AuditLog:
    """The log; entries are added and read, never changed."""

    def __init__(self, database: Database, actor: str | None = None) -> None:
        """Take the name that stands in the entries; a log without one can only be read."""
        self._database = database
        self._actor = actor

    def append(
        self,
        action: str,
        object_: str,
        details: Mapping[str, Any] | None = None,
        *,
        actor: str | None = None,
        joined: Connection | None = None,
    ) -> None:
        """Add an entry.

        Args:
            action: noun and verb ("model.promoted").
            object_: what it was done to.
            details: a JSON value; what looks like a secret is replaced by `***`.
            actor: who did it; default: the one that the store was opened for.
            joined: a transaction to take part in; append as the last thing in it.

        Raises:
            StoreError: when the database refuses, or no one is named as the actor.
        """
        who = actor or self._actor
        if who is None:
            raise StoreError("the store was opened without an actor: its audit log is read-only")
        with self._database.writing(joined) as connection:
            # Locks the head (SQLite has locked the file already): one appends at a time.
            head = connection.execute(select(audit_head).with_for_update()).one()
            row: dict[str, Any] = {
                "seq": head.seq + 1,
                "at": self._database.clock(),
                "actor": who,
                "action": action,
                "object": clean_text(hide_url_passwords(object_)),
                "details": without_secrets(details or {}),
            }
            row["hash"] = _chained(head.hash, row)
            connection.execute(insert(audit).values(row))
            connection.execute(update(audit_head).values(seq=row["seq"], hash=row["hash"]))

    def tail(self, limit: int = 20, *, action: str | None = None) -> list[AuditEntry]:
        """Return the last entries, oldest of them first.

        Args:
            limit: how many at most.
            action: only this one's; None for all.
        """
        query = select(audit).order_by(audit.c.seq.desc()).limit(limit)
        if action is not None:
            query = query.where(audit.c.action == action)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [_entry(row) for row in reversed(rows)]

    def after(self, seq: int, limit: int) -> list[AuditEntry]:
        """Return the entries behind a number, the oldest first, at most `limit`."""
        query = select(audit).where(audit.c.seq > seq).order_by(audit.c.seq).limit(limit)
        with self._database.reading() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def head(self) -> tuple[int, str]:
        """Return the last entry's number and hash: noted elsewhere, they seal the log so far."""
        with self._database.reading() as connection:
            row = connection.execute(select(audit_head)).one()
        return row.seq, row.hash

    def verify(self) -> int:
        """Compute the whole chain again, in bounded memory, and return how many entries it has.

        Raises:
            IntegrityError: naming the first entry that is not as it was written.
        """
        expected, previous = 1, START
        query = select(audit).order_by(audit.c.seq)
        with self._database.reading() as connection:
            head = connection.execute(select(audit_head)).one_or_none()
            streamed = query.execution_options(yield_per=_ROWS_AT_A_TIME)
            with connection.execute(streamed) as rows:
                for row in rows:
                    _check(row, expected, previous)
                    expected, previous = expected + 1, row.hash
        if head is None or (head.seq, head.hash) != (expected - 1, previous):
            raise IntegrityError(
                f"audit log: it ends after entry {expected - 1}, but its head says otherwise: "
                "entries were removed from or added to its end; compare it with a backup"
            )
        return expected - 1


def _check(row: Row[Any], expected: int, previous: str) -> None:
    if row.seq != expected:
        raise IntegrityError(
            f"audit log: entry {expected} is missing; compare the log with a backup"
        )
    if row.hash != _chained(previous, dict(row._mapping)):
        raise IntegrityError(
            f"audit log: entry {expected} is not as it was written; compare it with a backup"
        )


def _chained(previous: str, row: Mapping[str, Any]) -> str:
    content = [row[name] for name in ("seq", "actor", "action", "object", "details")]
    return digest([previous, row["at"].astimezone(UTC).isoformat(), *content])


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(**row._mapping)

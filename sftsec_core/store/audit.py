"""The audit log: who did what to what, append-only and hash-chained (`chain.py`).

A row that was changed, removed, put in or cut off at the end shows in `verify`. A log that was
emptied or cut together with its head shows where models, promotions or runs of the store have no
entry (`audit_records.py`). A user who can write to the database can also rewrite the whole log:
against that, `sftsec audit push` copies it into the SIEM, and compares what is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, func, insert, or_, select, update

from sftsec_core.api.domain import AuditEntry
from sftsec_core.api.errors import IntegrityError, StoreError
from sftsec_core.store.audit_records import AuditedRecords, RecordCounts
from sftsec_core.store.chain import BEGINNING, START, Chain, Link, link
from sftsec_core.store.columns import clean_text
from sftsec_core.store.scrub import hide_url_passwords, without_secrets
from sftsec_core.store.tables import audit, audit_head

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from sftsec_core.store.database import Database

_ROWS_AT_A_TIME = 1_000


@dataclass(frozen=True, slots=True)
class AuditState:
    """What a verified log is.

    Attributes:
        entries: how many it has; the last one's number.
        hash: of the last entry; 64 zeros for an empty log.
        first_at: when the first entry was written (UTC); None for an empty log.
        last_at: when the last one was.
        records: rows of the store whose entries were found.
        sealed: hashes of the chain of verdicts that the log has, by the number of verdicts.
        erased: the numbers of the verdicts that the log says were erased.
    """

    entries: int
    hash: str
    first_at: datetime | None
    last_at: datetime | None
    records: RecordCounts
    sealed: Mapping[int, str]
    erased: frozenset[int] = frozenset()


class AuditLog:
    """The log; entries are added and read, never changed."""

    def __init__(self, database: Database, actor: str | None = None) -> None:
        """Take the name that stands in the entries; a log without one can only be read."""
        self._database = database
        self._actor = actor

    @property
    def actor(self) -> str | None:
        """Who stands in the entries that name no one else."""
        return self._actor

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
            row["hash"] = link(head.hash, _content(row))
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
            return _entries(connection, connection.execute(query).all()[::-1])

    def of(self, action: str, object_: str) -> list[AuditEntry]:
        """Return all entries of an action on an object, the oldest first."""
        mine = (audit.c.action == action, audit.c.object == object_)
        query = select(audit).where(*mine).order_by(audit.c.seq)
        with self._database.reading() as connection:
            return _entries(connection, connection.execute(query).all())

    def last(self, action: str, *, up_to: int) -> AuditEntry | None:
        """Return the last entry of an action with this number or a smaller one; None without."""
        mine = (audit.c.action == action, audit.c.seq <= up_to)
        query = select(audit).where(*mine).order_by(audit.c.seq.desc()).limit(1)
        with self._database.reading() as connection:
            return next(iter(_entries(connection, connection.execute(query).all())), None)

    def after(self, seq: int, limit: int) -> list[AuditEntry]:
        """Return the entries behind a number, the oldest first, at most `limit`."""
        query = select(audit).where(audit.c.seq > seq).order_by(audit.c.seq).limit(limit)
        with self._database.reading() as connection:
            return _entries(connection, connection.execute(query).all())

    def about(
        self, names: Sequence[str], limit: int
    ) -> tuple[list[tuple[str | None, AuditEntry]], int]:
        """Return the last entries whose object or details hold one of some names.

        Args:
            names: ids of runs, digests of models.
            limit: how many at most.

        Returns:
            Each entry, the oldest first, behind the hash of the entry before it (None for the
            first of the log), and how many more there are.
        """
        told = cast(audit.c.details, Text)
        held = or_(
            *(each.contains(n, autoescape=True) for n in names for each in (audit.c.object, told))
        )
        query = select(audit).where(held).order_by(audit.c.seq.desc()).limit(limit)
        with self._database.reading() as connection:
            found = _entries(connection, connection.execute(query).all()[::-1])
            count = select(func.count()).select_from(audit).where(held)
            total: int = connection.execute(count).scalar_one()
            return [(_hash_of(connection, each.seq - 1), each) for each in found], total - len(
                found
            )

    def hash_of(self, seq: int) -> str | None:
        """Return the hash of an entry by its number; None where the log has no such entry."""
        with self._database.reading() as connection:
            return _hash_of(connection, seq)

    def head(self) -> tuple[int, str]:
        """Return the last entry's number and hash: noted elsewhere, they seal the log so far."""
        with self._database.reading() as connection:
            row = connection.execute(select(audit_head)).one()
        return row.seq, row.hash

    def verify(self) -> int:
        """Examine the log and return how many entries it has.

        Raises:
            IntegrityError: as `examine`.
        """
        return self.examine().entries

    def examine(self, after: Link = BEGINNING) -> AuditState:
        """Compute the chain again, in bounded memory, and look for entries that must be.

        Args:
            after: where to begin. What comes before is counted and read for the entries that must
                be, and its hashes are not computed; the default computes the whole.

        Raises:
            IntegrityError: naming the first entry that is not as it was written, or a model, a
                move of an alias or a run that the log has no entry of.
        """
        records = AuditedRecords()
        query = select(audit).where(audit.c.seq > after.seq).order_by(audit.c.seq)
        with self._database.reading() as connection:
            head = connection.execute(select(audit_head.c.seq, audit_head.c.hash)).one_or_none()
            if after.seq:
                _pass_over(connection, after, records)
            streamed = query.execution_options(yield_per=_ROWS_AT_A_TIME)
            with connection.execute(streamed) as rows:
                entries = _CHAIN.verify(
                    rows, head and (head.seq, head.hash), records.see, after=after
                )
            counts = records.compare(connection)
            ends = select(audit.c.seq, audit.c.at, audit.c.hash).where(
                audit.c.seq.in_((1, entries))
            )
            found = {row.seq: row for row in connection.execute(ends)}
        if not entries:
            return AuditState(0, START, None, None, counts, {})
        ends_at, erased = found[entries], frozenset(records.erased)
        return AuditState(
            entries, ends_at.hash, found[1].at, ends_at.at, counts, records.sealed, erased
        )


def _content(row: Mapping[str, Any]) -> list[Any]:
    return [row["at"].astimezone(UTC).isoformat(), *(row[name] for name in _SEALED)]


def _pass_over(connection: Connection, after: Link, records: AuditedRecords) -> None:
    """See that entries are there, and note what they tell of the store.

    Raises:
        IntegrityError: when one is missing.
    """
    before = audit.c.seq <= after.seq
    count = select(func.count()).select_from(audit).where(before)
    found = connection.execute(count).scalar_one()
    if found != after.seq or _hash_of(connection, after.seq) != after.hash:
        raise IntegrityError(
            f"audit log: of entries 1 to {after.seq} some are missing or not as they were written: "
            "sftsec audit verify --full names the first one; compare it with a backup"
        )
    told = select(audit).where(before, records.tell(audit.c.action)).order_by(audit.c.seq)
    for row in connection.execute(told.execution_options(yield_per=_ROWS_AT_A_TIME)):
        records.see(row)


_SEALED = ("seq", "actor", "action", "object", "details")
_CHAIN = Chain("audit log", "entry", lambda row: _content(row._mapping))


def _hash_of(connection: Connection, seq: int) -> str | None:
    return connection.execute(select(audit.c.hash).where(audit.c.seq == seq)).scalar_one_or_none()


def _entries(connection: Connection, rows: Sequence[Row[Any]]) -> list[AuditEntry]:
    log = _hash_of(connection, 1) or ""
    return [AuditEntry(**row._mapping, log=log) for row in rows]

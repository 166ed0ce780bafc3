"""What actors were not permitted to do: in the audit log, but not more often than is of use.

A program that repeats a forbidden request would fill the log. Of an actor's refusals within a
minute, `LOGGED` are entries; those past them are counted, and the actor's next entry says how many
they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from sftsec_core.store.columns import clean_text
from sftsec_core.store.tables import refusals

if TYPE_CHECKING:
    from sftsec_core.store.audit import AuditLog
    from sftsec_core.store.database import Database

LOGGED = 10
ACTION = "access.refused"


class Refusals:
    """The refusals of all actors."""

    def __init__(self, database: Database, log: AuditLog) -> None:
        self._database = database
        self._log = log

    def add(self, actor: str, permission: str, *, task: str | None, origin: str) -> None:
        """Count a refusal, and write it to the audit log unless the actor has many in this minute.

        Args:
            actor: who asked.
            permission: for what.
            task: on which task; None for what concerns all.
            origin: where the request came from.

        Raises:
            StoreError: when the database refuses.
        """
        actor = clean_text(actor)
        minute = self._database.clock().replace(second=0, microsecond=0)
        with self._database.writing() as connection:
            mine = refusals.c.actor == actor
            row = connection.execute(select(refusals).where(mine).with_for_update()).one_or_none()
            again = row is not None and row.minute == minute
            count = row.refused + 1 if row is not None and again else 1
            values = {"minute": minute, "refused": count}
            changed = update(refusals).where(mine) if row is not None else insert(refusals)
            connection.execute(changed.values(actor=actor, **values))
            if count > LOGGED:
                return
            details: dict[str, object] = {
                "permission": permission,
                "task": task,
                "origin": origin,
            }
            if row is not None and not again and row.refused > LOGGED:
                details |= {"not_logged": row.refused - LOGGED, "in_minute": row.minute.isoformat()}
            self._log.append(ACTION, task or "all tasks", details, actor=actor, joined=connection)

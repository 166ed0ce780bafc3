"""What actors were not permitted to do: in the audit log, but not more often than is of use.

A program that repeats a forbidden request would fill the log. Of an actor's refusals within a
minute, `LOGGED` are entries; those past them are counted, and the actor's next entry says how many
they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from sftsec_core.store.columns import clean_text
from sftsec_core.store.dialects import insert_new
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
            # Two processes may refuse an actor for the first time at once.
            insert_new(connection, refusals, [{"actor": actor, "minute": minute, "refused": 0}])
            mine = refusals.c.actor == actor
            row = connection.execute(select(refusals).where(mine).with_for_update()).one()
            again = row.minute == minute
            count = row.refused + 1 if again else 1
            connection.execute(update(refusals).where(mine).values(minute=minute, refused=count))
            if count > LOGGED:
                return
            details: dict[str, object] = {
                "permission": permission,
                "task": task,
                "origin": origin,
            }
            if not again and row.refused > LOGGED:
                details |= {"not_logged": row.refused - LOGGED, "in_minute": row.minute.isoformat()}
            self._log.append(ACTION, task or "all tasks", details, actor=actor, joined=connection)

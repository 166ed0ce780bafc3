"""Approvals of models by people, until the task's live model changes.

A person's approval is of one model as one run measured it, for one way of making it live. Whatever
moves "live" removes all of the task's approvals in the same transaction (`models.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from sftsec_core.api.errors import StoreError
from sftsec_core.store.columns import clean_text
from sftsec_core.store.dialects import insert_new
from sftsec_core.store.tables import aliases, approvals

if TYPE_CHECKING:
    import builtins
    from datetime import datetime

    from sftsec_core.api.domain import ModelRef
    from sftsec_core.store.audit import AuditLog
    from sftsec_core.store.database import Database

_LIVE = "live"


@dataclass(frozen=True, slots=True)
class StoredApproval:
    """One person's approval.

    Attributes:
        kind: of the way: "gate", "force" or "rollback".
        person: the actor's name in one spelling: "Ann" and "ann" are one person.
        actor: the name as it was given.
        reason: the actor's words; "" for none.
    """

    digest: str
    run_id: str
    kind: str
    person: str
    actor: str
    reason: str
    at: datetime


class Approvals:
    """The approvals that count now."""

    def __init__(self, database: Database, log: AuditLog) -> None:
        self._database = database
        self._log = log

    def add(self, ref: ModelRef, kind: str, *, actor: str, reason: str, live: str | None) -> None:
        """Keep an actor's approval, once, with an entry in the audit log.

        Args:
            ref: the model, as its last run measured it.
            kind: "gate", "force" or "rollback".
            actor: who approves.
            reason: the actor's words.
            live: the digest that the actor saw live; None: nothing was.

        Raises:
            StoreError: when another model is live by now.
        """
        row = {
            "task": ref.task,
            "digest": ref.digest,
            "run_id": ref.run_id,
            "kind": kind,
            "person": clean_text(actor).casefold(),
            "actor": clean_text(actor),
            "reason": clean_text(reason),
            "at": self._database.clock(),
        }
        details = {"task": ref.task, "run": ref.run_id, "kind": kind, "reason": reason}
        query = select(aliases.c.digest).where(aliases.c.task == ref.task, aliases.c.alias == _LIVE)
        with self._database.writing() as connection:
            # Held, so that the alias does not move before the approval is there to be removed.
            now = connection.execute(query.with_for_update()).scalar_one_or_none()
            if now != live:
                raise StoreError(
                    f"the live model of task {ref.task!r} changed meanwhile: look at it (sftsec "
                    "model list) and decide again"
                )
            if insert_new(connection, approvals, [row]):
                self._log.append(
                    "model.approved", ref.digest, details, actor=actor, joined=connection
                )

    def list(self, task: str) -> builtins.list[StoredApproval]:
        """Return a task's approvals, oldest first."""
        query = select(approvals).where(approvals.c.task == task)
        query = query.order_by(approvals.c.at, approvals.c.person)
        names = StoredApproval.__slots__
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [StoredApproval(**{name: row._mapping[name] for name in names}) for row in rows]

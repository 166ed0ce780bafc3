"""Registered models, the runs that made them, and the names that point at them.

An alias ("candidate", "live") moves by compare-and-swap: a process that decided on what it saw is
refused when somebody else moved it meanwhile. The move, its place in the history and the audit
entry are one transaction, so nothing is ever half-promoted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from sftsec_core.api.domain import ModelRef, Registration
from sftsec_core.api.errors import NotFoundError, StoreError
from sftsec_core.store.dialects import insert_new
from sftsec_core.store.tables import alias_history, aliases, approvals, models, registrations

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from sftsec_core.store.audit import AuditLog
    from sftsec_core.store.database import Database
    from sftsec_core.store.folders import Folders

_SHORT = 12
_LIVE = "live"


class Models:
    """The model table: implements `sftsec_core.registry.protocols.ModelTable`."""

    def __init__(self, database: Database, folders: Folders, audit: AuditLog) -> None:
        self._database = database
        self._folders = folders
        self._audit = audit

    def add(self, ref: ModelRef, card: str | None = None) -> None:
        """Record that a run made a model; aliases are not set here.

        The digest may be there already: an earlier run made the same model. Then it is the newer
        run's from now on, whose card and report say what was measured last. The same run may
        record its model again, with another card.

        Args:
            ref: the model; `created_at` is the time of this registration.
            card: the digest of the run's card; None when it is one of the model's files.

        Raises:
            StoreError: when the digest is registered for another task.
        """
        row = {
            "digest": ref.digest,
            "task": ref.task,
            "recipe": ref.recipe,
            "run_id": ref.run_id,
            "folder": self._folders.kept(ref.folder),
            "created_at": ref.created_at,
        }
        registered = {
            "run_id": ref.run_id,
            "card": card,
            "at": ref.created_at,
            "requested_by": self._audit.actor,
        }
        with self._database.writing() as connection:
            if not insert_new(connection, models, [row]):
                _check_task(connection, ref.digest, ref.task)
            if not _register(connection, ref.digest, registered):
                return
            details = {"recipe": ref.recipe, "run": ref.run_id, "task": ref.task, "card": card}
            self._audit.append("model.registered", ref.digest, details, joined=connection)

    def registrations(self, digest: str) -> builtins.list[Registration]:
        """Return the runs that made a model, oldest first."""
        query = (
            select(registrations)
            .where(registrations.c.digest == digest)
            .order_by(registrations.c.at, registrations.c.run_id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [Registration(row.run_id, row.at, row.card, row.requested_by) for row in rows]

    def get(self, digest: str) -> ModelRef | None:
        """Return a model by its whole digest; None when it is not registered."""
        found = self._refs(models.c.digest == digest)
        return found[0] if found else None

    def list(self, task: str | None) -> builtins.list[ModelRef]:
        """Return a task's models, or all, newest first."""
        return self._refs() if task is None else self._refs(models.c.task == task)

    def aliases(self, task: str) -> dict[str, str]:
        """Return the task's aliases with the digests that they point at."""
        query = select(aliases.c.alias, aliases.c.digest).where(aliases.c.task == task)
        with self._database.reading() as connection:
            return {row.alias: row.digest for row in connection.execute(query)}

    def set_alias(
        self, task: str, alias: str, digest: str, *, expected: str | None, by: str, reason: str
    ) -> None:
        """Move an alias, in one transaction with its history and the audit entry.

        Args:
            task: the task's name.
            alias: "candidate", "live", ...
            digest: the model that it is to point at.
            expected: the digest that the caller saw it at; None when it did not exist.
            by: who moves it.
            reason: why, for the history.

        Raises:
            StoreError: when it points elsewhere by now, or the model is of another task.
            NotFoundError: when the model is not registered.
        """
        with self._database.writing() as connection:
            _check_task(connection, digest, task)
            if not _swap(connection, (task, alias), digest, expected):
                raise StoreError(
                    f"{alias!r} of task {task!r} no longer points at {_short(expected)}: somebody "
                    "moved it meanwhile; look at it (sftsec model list) and decide again"
                )
            connection.execute(
                insert(alias_history).values(
                    task=task,
                    alias=alias,
                    digest=digest,
                    at=self._database.clock(),
                    by=by,
                    reason=reason,
                )
            )
            if alias == _LIVE:
                # They were given to replace the model that was live.
                connection.execute(delete(approvals).where(approvals.c.task == task))
            details = {"digest": digest, "previous": expected, "reason": reason}
            self._audit.append(
                "alias.moved", f"{task}/{alias}", details, actor=by, joined=connection
            )

    def alias_history(self, task: str, alias: str) -> builtins.list[tuple[str, datetime, str, str]]:
        """Return (digest, at, by, reason) of every move of an alias, newest first."""
        history = alias_history.c
        query = (
            select(history.digest, history.at, history.by, history.reason)
            .where(history.task == task, history.alias == alias)
            .order_by(history.id.desc())
        )
        with self._database.reading() as connection:
            return [(row.digest, row.at, row.by, row.reason) for row in connection.execute(query)]

    def _refs(self, *conditions: Any) -> builtins.list[ModelRef]:  # noqa: ANN401 - SQL expressions
        query = select(models).where(*conditions)
        query = query.order_by(models.c.created_at.desc(), models.c.digest)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            pointing: dict[tuple[str, str], builtins.list[str]] = {}
            for alias in connection.execute(select(aliases).order_by(aliases.c.alias)):
                pointing.setdefault((alias.task, alias.digest), []).append(alias.alias)
        return [self._ref(row, pointing.get((row.task, row.digest), [])) for row in rows]

    def _ref(self, row: Row[Any], pointing: builtins.list[str]) -> ModelRef:
        return ModelRef(
            digest=row.digest,
            task=row.task,
            recipe=row.recipe,
            run_id=row.run_id,
            folder=self._folders.found(row.folder),
            created_at=row.created_at,
            aliases=tuple(pointing),
        )


def _register(connection: Connection, digest: str, row: Mapping[str, Any]) -> bool:
    """Record a run's registration, and the run as the model's last; False when nothing is new."""
    mine = (registrations.c.digest == digest, registrations.c.run_id == row["run_id"])
    known = connection.execute(select(registrations.c.card).where(*mine)).one_or_none()
    if known is not None and known.card == row["card"]:
        return False
    insert_new(connection, registrations, [{"digest": digest, **row}])
    connection.execute(update(registrations).where(*mine).values(card=row["card"]))
    connection.execute(update(models).where(models.c.digest == digest).values(run_id=row["run_id"]))
    return True


def _check_task(connection: Connection, digest: str, task: str) -> None:
    query = select(models.c.task).where(models.c.digest == digest)
    owner = connection.execute(query).scalar_one_or_none()
    if owner is None:
        known = connection.execute(select(models.c.digest).where(models.c.task == task))
        raise NotFoundError("model", digest, known.scalars().all())
    if owner != task:
        raise StoreError(f"model {_short(digest)} answers task {owner!r}, not {task!r}")


def _swap(connection: Connection, name: tuple[str, str], digest: str, expected: str | None) -> bool:
    task, alias = name
    if expected is None:
        row = {"task": task, "alias": alias, "digest": digest}
        return insert_new(connection, aliases, [row]) == 1
    swapped = connection.execute(
        update(aliases)
        .where(aliases.c.task == task, aliases.c.alias == alias, aliases.c.digest == expected)
        .values(digest=digest)
    )
    return swapped.rowcount == 1


def _short(digest: str | None) -> str:
    return "nothing" if digest is None else digest[:_SHORT]

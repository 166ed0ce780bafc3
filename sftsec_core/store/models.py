"""Registered models and the names that point at them.

An alias ("candidate", "live") moves by compare-and-swap: a process that decided on what it saw is
refused when somebody else moved it meanwhile. The move, its place in the history and the audit
entry are one transaction, so nothing is ever half-promoted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from sftsec_core.api.domain import ModelRef
from sftsec_core.api.errors import NotFoundError, StoreError
from sftsec_core.store.dialects import insert_new
from sftsec_core.store.tables import alias_history, aliases, models

if TYPE_CHECKING:
    import builtins
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from sftsec_core.store.audit import AuditLog
    from sftsec_core.store.database import Database
    from sftsec_core.store.folders import Folders

_SHORT = 12


class Models:
    """The model table: implements `sftsec_core.registry.registry.ModelTable`."""

    def __init__(self, database: Database, folders: Folders, audit: AuditLog) -> None:
        self._database = database
        self._folders = folders
        self._audit = audit

    def add(self, ref: ModelRef) -> None:
        """Record a model; one that is there already stays as it is. Aliases are not set here.

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
        with self._database.writing() as connection:
            if insert_new(connection, models, [row]):
                details = {"recipe": ref.recipe, "run": ref.run_id, "task": ref.task}
                self._audit.append("model.registered", ref.digest, details, joined=connection)
            else:
                _check_task(connection, ref.digest, ref.task)

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

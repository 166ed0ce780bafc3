"""Rows that go: those of models, runs and snapshots that nothing needs any more.

Each removal is one transaction with its audit entry, and looks again at what it was decided on: a
model that was promoted meanwhile, a run that was resumed, a snapshot that was built again stay.
The row goes before the folder: a kill between the two leaves a folder that no row names, which the
next one finds, and never a row whose folder is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, exists, func, or_, select

from sftsec_core.store.outbox import PENDING, REJECTED
from sftsec_core.store.run_rows import ENDED, INTERRUPTED, RUNNING, ended_lease
from sftsec_core.store.schedules import PENDING as TO_BE_QUEUED
from sftsec_core.store.tables import (
    alias_history,
    aliases,
    approvals,
    models,
    occurrences,
    outbox,
    registrations,
    runs,
    snapshots,
    verdicts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection

    from sftsec_core.store.audit import AuditLog
    from sftsec_core.store.database import Database
    from sftsec_core.store.folders import Folders

_LIVE = "live"


@dataclass(frozen=True, slots=True)
class RunState:
    """A run as far as its removal depends on it.

    Attributes:
        alive: its holder renews its lease, or it waits in the queue.
        running: its holder renews its lease.
        ended: it succeeded, was refused or failed; else it may be resumed.
        last_at: when it ended, or its last heartbeat (UTC).
        begun: a process took it up, and made its folder; else it waits, or was cancelled before.
    """

    id: str
    kind: str
    task: str
    folder: Path
    alive: bool
    running: bool
    ended: bool
    last_at: datetime
    begun: bool


# A move of the alias "live": its row's number, the model that it went to, and why.
LiveMove = tuple[int, str, str]


class Pruning:
    """Removes rows, and says what the rows that stay depend on."""

    def __init__(self, database: Database, folders: Folders, audit: AuditLog) -> None:
        self._database = database
        self._folders = folders
        self._audit = audit

    # --- reading

    def run_states(self) -> list[RunState]:
        """Return all runs, newest first."""
        now = self._database.clock()
        wanted = (
            runs.c.id,
            runs.c.kind,
            runs.c.task,
            runs.c.status,
            runs.c.folder,
            runs.c.finished_at,
            runs.c.heartbeat_at,
            runs.c.lease_until,
            runs.c.queued_at,
            runs.c.fence,
        )
        query = select(*wanted).order_by(runs.c.started_at.desc(), runs.c.id.desc())
        with self._database.reading() as connection:
            return [
                RunState(
                    row.id,
                    row.kind,
                    row.task,
                    self._folders.found(row.folder),
                    # What waits in the queue, too: it is going to be under way.
                    alive=row.status not in ENDED
                    and (
                        row.queued_at is not None
                        or (row.status == RUNNING and row.lease_until >= now)
                    ),
                    running=row.status == RUNNING and row.lease_until >= now,
                    ended=row.status in ENDED,
                    last_at=row.finished_at or row.heartbeat_at,
                    begun=row.fence > 0,
                )
                for row in connection.execute(query)
            ]

    def live_moves(self, task: str) -> list[LiveMove]:
        """Return the moves of a task's alias "live", oldest first."""
        with self._database.reading() as connection:
            return _live_moves(connection, task)

    def pending_models(self) -> frozenset[str]:
        """Return the digests of the models whose detections wait in the outbox."""
        query = select(outbox.c.model).distinct().where(outbox.c.status == PENDING)
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def awaited_models(
        self, task: str, sources: Mapping[str, str], push_to: str | None, since: datetime | None
    ) -> frozenset[str]:
        """Return the digests of the models with a detection that no verdict was pulled for.

        Args:
            task: the detections' task.
            sources: the connectors that verdicts on its incidents come from, in their order, each
                with the end that the name of its incidents has at another connector.
            push_to: where detections go; None where each goes to its incident's connector.
            since: only detections that were made later: older incidents are no longer pulled.
        """
        query = (
            select(outbox.c.model)
            .distinct()
            .where(outbox.c.task == task, outbox.c.status != REJECTED)
            .where(*(~exists().where(judged) for judged in _judgements(sources, push_to)))
        )
        if since is not None:
            query = query.where(outbox.c.created_at >= since)
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def old_occurrences(self, before: datetime) -> dict[str, int]:
        """Return how many settled occurrences each schedule has from before a moment (UTC).

        Those whose run is still there are not among them: its log and its report name it.
        """
        by = occurrences.c.schedule
        query = select(by, func.count()).where(*_old(before)).group_by(by).order_by(by)
        with self._database.reading() as connection:
            return {row.schedule: row[1] for row in connection.execute(query)}

    # --- removing

    def remove_model(
        self,
        digest: str,
        undone: Callable[[Sequence[LiveMove]], Collection[int] | None],
        details: Mapping[str, Any],
    ) -> bool:
        """Remove a model with its registrations and its places in the histories of aliases.

        Args:
            digest: the model.
            undone: of all moves of "live", those that name the model and that a rollback undid;
                None when the model is needed. The others stay, so that a rollback goes where it
                would have gone.
            details: for the audit log.

        Returns:
            False where it is gone already, or is needed after all.
        """
        with self._database.writing() as connection:
            # Held, so that on PostgreSQL no alias can come to point at it meanwhile.
            query = select(models.c.task).where(models.c.digest == digest).with_for_update()
            task = connection.execute(query).scalar_one_or_none()
            if task is None or _pointed_at(connection, digest):
                return False
            moves = undone(_live_moves(connection, task))
            if moves is None:
                return False
            history = alias_history.c
            # "candidate" has no rollback: of its history only what names the model goes.
            gone = or_(
                history.id.in_(moves), and_(history.digest == digest, history.alias != _LIVE)
            )
            connection.execute(delete(alias_history).where(gone))
            connection.execute(delete(registrations).where(registrations.c.digest == digest))
            connection.execute(delete(approvals).where(approvals.c.digest == digest))
            connection.execute(delete(models).where(models.c.digest == digest))
            said = {"task": task, **details}
            self._audit.append("model.removed", digest, said, joined=connection)
        return True

    def remove_runs(
        self, ids: Collection[str], resume_within: timedelta, details: Mapping[str, Any]
    ) -> list[str]:
        """Remove runs; one that made a model, is held or can be resumed stays.

        Returns:
            The ids of those that were removed, sorted.
        """
        now = self._database.clock()
        dead = and_(
            or_(runs.c.status == INTERRUPTED, ended_lease(now)),
            runs.c.queued_at.is_(None),  # the queue has use for it, however old it is
            runs.c.heartbeat_at < now - resume_within,
        )
        made = exists().where(models.c.run_id == runs.c.id)
        wanted = (runs.c.id.in_(ids), or_(runs.c.status.in_(ENDED), dead), ~made)
        with self._database.writing() as connection:
            query = select(runs.c.id).where(*wanted).order_by(runs.c.id).with_for_update()
            found = list(connection.execute(query).scalars())
            connection.execute(delete(runs).where(runs.c.id.in_(found)))
            if found:
                said = {**details, "runs": found}
                self._audit.append("runs.removed", f"{len(found)} runs", said, joined=connection)
        return found

    def remove_snapshot(
        self, digest: str, seen: Mapping[str, datetime], details: Mapping[str, Any]
    ) -> bool:
        """Remove a snapshot from every task.

        Args:
            digest: the snapshot.
            seen: its tasks, each with the time when it was built last, as it was decided on.
            details: for the audit log.

        Returns:
            False where it is gone already, or a task has built it since.
        """
        mine = snapshots.c.digest == digest
        with self._database.writing() as connection:
            query = select(snapshots.c.task, snapshots.c.created_at).where(mine).with_for_update()
            found = {row.task: row.created_at for row in connection.execute(query)}
            if not found or found != dict(seen):
                return False
            connection.execute(delete(snapshots).where(mine))
            said = {"tasks": sorted(found), **details}
            self._audit.append("snapshot.removed", digest, said, joined=connection)
        return True

    def remove_occurrences(self, schedule: str, before: datetime) -> int:
        """Remove a schedule's settled occurrences from before a moment; return how many.

        No scheduler comes to them again: a schedule only moves on.
        """
        mine = (occurrences.c.schedule == schedule, *_old(before))
        with self._database.writing() as connection:
            count = connection.execute(delete(occurrences).where(*mine)).rowcount
            if count:
                details = {"count": count, "before": before.isoformat()}
                self._audit.append("occurrences.removed", schedule, details, joined=connection)
        return count


def _old(before: datetime) -> tuple[ColumnElement[bool], ...]:
    mine = occurrences.c
    run = exists().where(runs.c.id == mine.run_id)
    return mine.last_at < before, mine.status != TO_BE_QUEUED, ~run


def _judgements(sources: Mapping[str, str], push_to: str | None) -> Iterator[ColumnElement[bool]]:
    """Conditions under which a verdict is on a detection; ids of two connectors never meet."""
    # One that was there before is on what the incident held then.
    since = verdicts.c.pulled_at >= outbox.c.created_at
    named = and_(since, verdicts.c.incident_uid == outbox.c.incident_uid)
    yield and_(named, verdicts.c.connector == outbox.c.connector)
    # Of a connector that has left the task, or has another name now, nothing more is known.
    first = next(iter(sources))
    left = outbox.c.connector.not_in([*sources, push_to or first])
    yield and_(named, verdicts.c.connector.in_(sources), left)
    if push_to is not None:
        there = outbox.c.connector == push_to
        yield and_(named, verdicts.c.connector == first, there)
    for source, end in sources.items():
        own = func.substr(outbox.c.incident_uid, 1, func.length(outbox.c.incident_uid) - len(end))
        at_home = (verdicts.c.connector == source, verdicts.c.incident_uid == own)
        yield and_(since, *at_home, outbox.c.incident_uid.endswith(end, autoescape=True))


def _live_moves(connection: Connection, task: str) -> list[LiveMove]:
    history = alias_history.c
    query = (
        select(history.id, history.digest, history.reason)
        .where(history.task == task, history.alias == _LIVE)
        .order_by(history.id)
    )
    return [(row.id, row.digest, row.reason) for row in connection.execute(query)]


def _pointed_at(connection: Connection, digest: str) -> bool:
    """Whether an alias, or a detection that waits to be pushed, names a model."""
    conditions: tuple[ColumnElement[bool], ...] = (
        exists().where(aliases.c.digest == digest),
        exists().where(outbox.c.status == PENDING, outbox.c.model == digest),
    )
    return any(connection.execute(select(each)).scalar_one() for each in conditions)

"""The queue of runs: what waits, in which order, and who takes the next one.

A row waits as "queued", or as "interrupted" once it was begun; its place is its priority and then
the time when it was queued, which an interruption keeps. A worker claims it in one transaction;
a run whose lease has ended is claimed too, under a new fence and with its folder moved.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError as ConstraintError

from sftsec_core.api.errors import NotFoundError, StoreError
from sftsec_core.store.dialects import lock_for_claims
from sftsec_core.store.holders import end_holder, new_holder
from sftsec_core.store.run_folders import fenced, move_in
from sftsec_core.store.run_requests import (
    ClaimedRun,
    Prefer,
    QueuedRun,
    RunRequest,
    in_order,
    place,
)
from sftsec_core.store.run_rows import (
    CANCEL,
    CANCELLED,
    ENDED,
    INTERRUPTED,
    QUEUED,
    RUNNING,
    ended_lease,
    new_id,
    run_info,
    unchanged,
    waiting,
    was_killed,
)
from sftsec_core.store.scrub import hide_url_passwords
from sftsec_core.store.staging import locked
from sftsec_core.store.tables import runs

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row

    from sftsec_core.api.domain import RunInfo
    from sftsec_core.store.database import Database
    from sftsec_core.store.folders import Folders

__all__ = ["ClaimedRun", "QueuedRun", "RunQueue", "RunRequest"]
RUNS = "runs"
RETRY, RELEASE, FAIL = "retry", "release", "fail"
_ANY_TASK = "*"
# A run that takes its worker along each time must not take one after the other.
_TAKEOVERS = 50
_RETRY_FIRST, _RETRY_MOST = timedelta(seconds=30), timedelta(hours=1)


class RunQueue:
    """The queue; any number of workers on any number of hosts may claim from it."""

    def __init__(self, database: Database, folders: Folders, lease: timedelta) -> None:
        self._database = database
        self._folders = folders
        self._lease = lease

    # --- asking for runs

    def enqueue(self, request: RunRequest) -> RunInfo | None:
        """Queue a run; None when this occurrence of its schedule is there already."""
        now = self._database.clock()
        run_id = new_id(now)
        row = {each.name: getattr(request, each.name) for each in fields(RunRequest)}
        row |= {
            "id": run_id,
            "status": QUEUED,
            "folder": self._folders.kept(self._folders.root / RUNS / run_id),
            "parameters": dict(request.parameters),
            "roles": sorted(request.roles),
            "settings": {},
            "fingerprint": "",
            "holder": "",
            "queued_at": now,
            "started_at": now,
            "heartbeat_at": now,
            "lease_until": now,
            "attempt": 0,
            "fence": 0,
        }
        with self._database.writing() as connection:
            if request.schedule is not None:
                known = select(runs.c.id).where(
                    runs.c.schedule == request.schedule, runs.c.due_at == request.due_at
                )
                if connection.execute(known).first() is not None:
                    return None
            try:
                with connection.begin_nested():
                    connection.execute(insert(runs).values(row))
            except ConstraintError:
                return None  # another scheduler was faster by a moment
            return run_info(self._row(connection, run_id), self._folders)

    def retry(self, run_id: str, *, actor: str, roles: Sequence[str]) -> RunInfo:
        """Queue again what has ended or was interrupted.

        An interrupted run resumes; one that has ended stays as it is, and another is queued.

        Raises:
            StoreError: when it is waiting or running.
        """
        with self._database.writing() as connection:
            row = self._row(connection, run_id)
            if row.status == INTERRUPTED and row.queued_at is None:
                now = self._database.clock()
                values = {"queued_at": now, "actor": actor, "roles": sorted(roles)}
                connection.execute(update(runs).where(*unchanged(row)).values(values))
                return run_info(self._row(connection, run_id), self._folders)
        if row.status not in ENDED:
            raise StoreError(f"run {run_id} is {row.status}: there is nothing to retry")
        names = {each.name for each in fields(RunRequest)}
        request = {name: value for name, value in row._mapping.items() if name in names}
        request |= {"actor": actor, "roles": tuple(roles), "schedule": None, "due_at": None}
        found = self.enqueue(RunRequest(**{**request, "not_before": None}))
        assert found is not None  # noqa: S101 - only a schedule's occurrence can be there already
        return found

    def cancel(self, run_id: str) -> RunInfo:
        """Cancel a run that waits at once, and ask one that runs to stop.

        Raises:
            StoreError: when it has ended.
        """
        now = self._database.clock()
        with self._database.writing() as connection:
            row = self._row(connection, run_id)
            if row.status in ENDED:
                raise StoreError(f"run {run_id} has ended already: {row.status}")
            if row.status == RUNNING and row.lease_until >= now:
                values: dict[str, Any] = {"stop": CANCEL}
            else:
                values = {"status": CANCELLED, "finished_at": now, "fence": row.fence + 1}
            connection.execute(update(runs).where(runs.c.id == run_id).values(values))
            return run_info(self._row(connection, run_id), self._folders)

    # --- taking them

    def waiting(self) -> list[QueuedRun]:
        """Return what waits, in the order in which it is claimed."""
        with self._database.reading() as connection:
            rows = connection.execute(select(runs).where(waiting())).all()
        return sorted((self._queued(row) for row in rows), key=place)

    def claim(self, worker: str, prefer: Prefer | None = None) -> ClaimedRun | None:
        """Take the next run that may begin.

        A task on which a run is under way is passed over, unless the row may overlap; one run of a
        kind and task at a time in any case.

        Args:
            worker: the name of who takes it.
            prefer: orders candidates of equal priority, and may leave some out; default: by the
                time when they were queued.

        Returns:
            None when nothing may begin.
        """
        killed = self._end_stale()
        if not killed and not self.waiting():
            return None  # nothing to write for: others need the lock more
        # The folder of a killed run moves, which `sftsec gc` must not meet half-done.
        guard = locked(self._folders.root / RUNS) if killed else nullcontext()
        with guard, self._database.writing() as connection:
            lock_for_claims(connection)
            rows = self._candidates(connection, killed=killed)
            for queued in in_order([self._queued(row) for row in rows.values()], prefer):
                claimed = self._take(connection, rows[queued.info.id], worker)
                if claimed is not None:
                    return claimed
        return None

    def renew(self, claimed: ClaimedRun) -> None:
        """Prolong the lease of a run until the process that runs it takes it up."""
        with self._database.writing() as connection:
            own = (runs.c.id == claimed.info.id, runs.c.holder == claimed.holder)
            connection.execute(update(runs).where(*own).values(self._lease_from_now()))

    def settle(self, claimed: ClaimedRun, error: str, end: str) -> RunInfo:
        """Put right a run whose process ended without a word, under the fence of the claim.

        Args:
            claimed: what was claimed.
            error: the one line that says why.
            end: RETRY begins it again as far as its retries go, RELEASE in any case and at once,
                FAIL ends it, one that was interrupted too.
        """
        with self._database.writing() as connection:
            row = self._row(connection, claimed.info.id)
            open_ = (RUNNING, INTERRUPTED) if end == FAIL else (RUNNING,)
            if row.fence == claimed.fence and row.status in open_:
                values = self._settled(row, error, end)
                connection.execute(update(runs).where(*unchanged(row)).values(values))
            return run_info(self._row(connection, row.id), self._folders)

    def _settled(self, row: Row[Any], error: str, end: str) -> dict[str, Any]:
        if row.stop == CANCEL:
            return self._end(CANCELLED, error)
        if end == RELEASE:
            more = {**self.again(row.attempt), **self.put_back(row.attempt)}
        elif end == RETRY and row.attempt <= row.retries:
            more = self.again(row.attempt)
        else:
            return self._end("failed", error)
        return {"status": INTERRUPTED, "error": hide_url_passwords(error), **more}

    def again(self, attempt: int) -> dict[str, Any]:
        """When a run begins again after a failed attempt: later each time, and never all at once.

        Args:
            attempt: the number of the one that failed, from 1.
        """
        now = self._database.clock()
        longest = min(_RETRY_FIRST * 2 ** min(attempt - 1, 16), _RETRY_MOST)
        # Jitter spreads what failed together.
        wait = longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret, only spread
        return {
            "not_before": now + wait,
            "heartbeat_at": now,
            "lease_until": now,
            "worker": None,
            "stop": None,
        }

    def put_back(self, attempt: int) -> dict[str, Any]:
        """What a run that its worker interrupted keeps: its place, and its attempts."""
        return {"attempt": attempt - 1, "not_before": None, "stop": None}

    # --- reading

    def get(self, run_id: str) -> QueuedRun | None:
        """Return what the queue knows of a run; None where it came from no queue."""
        with self._database.reading() as connection:
            row = self._row(connection, run_id)
        return self._queued(row) if row.queued_at is not None else None

    def claimed(self, run_id: str, fence: int) -> ClaimedRun | None:
        """Return a run as it was claimed under a fence; None when it is another's already."""
        with self._database.reading() as connection:
            row = self._row(connection, run_id)
        if row.fence != fence or row.status != RUNNING:
            return None
        return self._claimed(row)

    def of_worker(self, worker: str) -> list[QueuedRun]:
        """Return what a worker runs."""
        query = select(runs).where(runs.c.worker == worker, runs.c.status == RUNNING)
        with self._database.reading() as connection:
            return [self._queued(row) for row in connection.execute(query.order_by(runs.c.id))]

    # --- inside

    def _end_stale(self) -> bool:
        """End this host's processes whose leases have ended: a stopped one may hold locks.

        Returns:
            Whether a run of an ended lease waits to be taken over.
        """
        lost = or_(ended_lease(self._database.clock()), _killed_waiting())
        query = select(runs.c.holder).where(runs.c.queued_at.is_not(None), lost)
        with self._database.reading() as connection:
            holders = connection.execute(query).scalars().all()
        for holder in holders:
            end_holder(holder)
        return bool(holders)

    def _candidates(self, connection: Connection, *, killed: bool) -> dict[str, Row[Any]]:
        now = self._database.clock()
        alive = (runs.c.status == RUNNING, runs.c.lease_until >= now)
        busy = {(row.kind, row.task) for row in connection.execute(select(runs).where(*alive))}
        tasks = {task for _, task in busy if task != _ANY_TASK}
        ready = or_(runs.c.not_before.is_(None), runs.c.not_before <= now)
        lost = and_(runs.c.queued_at.is_not(None), ended_lease(now))
        query = select(runs).where(or_(and_(waiting(), ready), lost))
        return {
            row.id: row
            for row in connection.execute(query)
            if (row.kind, row.task) not in busy
            and (row.overlap or row.task not in tasks)
            and (killed or not was_killed(row))
        }

    def _take(self, connection: Connection, row: Row[Any], worker: str) -> ClaimedRun | None:
        taken_over = was_killed(row)
        if taken_over and (row.stop == CANCEL or row.fence - row.attempt > _TAKEOVERS):
            self._give_up(connection, row)
            return None
        self._interrupt_killed(connection, row)
        fence = row.fence + 1
        values: dict[str, Any] = {
            "status": RUNNING,
            "error": None,
            "holder": new_holder(),
            "fence": fence,
            "attempt": row.attempt if taken_over else row.attempt + 1,
            "worker": worker,
            "stop": None,
            **self._lease_from_now(),
        }
        folder = fenced(self._folders.root / RUNS, row.id, fence) if taken_over else None
        if folder is not None:
            values["folder"] = self._folders.kept(folder)
        changed = connection.execute(update(runs).where(*unchanged(row)).values(values))
        if changed.rowcount != 1:
            return None
        if folder is not None:
            move_in(folder)
        return self._claimed(self._row(connection, row.id))

    def _give_up(self, connection: Connection, row: Row[Any]) -> None:
        again = f"its worker ended without a word {row.fence - row.attempt} times"
        end = self._end(CANCELLED, None) if row.stop == CANCEL else self._end("failed", again)
        connection.execute(
            update(runs).where(*unchanged(row)).values(**end, fence=row.fence + 1, holder="")
        )

    def _interrupt_killed(self, connection: Connection, row: Row[Any]) -> None:
        """Make room: another run of this kind and task whose process was killed is interrupted."""
        others = (runs.c.kind == row.kind, runs.c.task == row.task, runs.c.id != row.id)
        connection.execute(
            update(runs)
            .where(*others, ended_lease(self._database.clock()))
            .values(status=INTERRUPTED, fence=runs.c.fence + 1, holder="", worker=None)
        )

    def _end(self, status: str, error: str | None) -> dict[str, Any]:
        line = None if error is None else hide_url_passwords(error)
        return {"status": status, "error": line, "finished_at": self._database.clock()}

    def _lease_from_now(self) -> dict[str, datetime]:
        now = self._database.clock()
        return {"heartbeat_at": now, "lease_until": now + self._lease}

    def _row(self, connection: Connection, run_id: str) -> Row[Any]:
        row = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
        if row is None:
            raise NotFoundError("run", run_id, ())
        return row

    def _queued(self, row: Row[Any]) -> QueuedRun:
        return QueuedRun(**self._values(row))

    def _claimed(self, row: Row[Any]) -> ClaimedRun:
        return ClaimedRun(**self._values(row), holder=row.holder, fence=row.fence)

    def _values(self, row: Row[Any]) -> dict[str, Any]:
        request = {each.name: row._mapping[each.name] for each in fields(RunRequest)}
        return {
            "info": run_info(row, self._folders),
            "request": RunRequest(**{**request, "roles": tuple(row.roles)}),
            "queued_at": row.queued_at,
            "attempt": row.attempt,
            "worker": row.worker,
            "stop": row.stop,
        }


def _killed_waiting() -> ColumnElement[bool]:
    """Interrupted by another run that needed its place: its process did not let go of it."""
    return and_(waiting(), runs.c.lease_until > runs.c.heartbeat_at)

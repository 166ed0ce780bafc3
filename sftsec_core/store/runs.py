"""Runs: which process works on which task, how it ended, and what a killed one left behind.

A task has at most one running run of a kind, which a unique index holds. Its holder has a lease
and renews it by heartbeats: a second process that starts while the first is alive is refused,
and one that starts after the first was killed waits for the lease to end (15 seconds at most).
It then resumes the run when everything that shaped it is the same; otherwise it closes the run
as failed and begins another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError as ConstraintError

from sftsec_core.api.domain import RunInfo
from sftsec_core.api.errors import LeaseLostError, NotFoundError, RunActiveError, StoreError
from sftsec_core.store.canonical import digest
from sftsec_core.store.leases import LEASE, Heartbeat, new_holder
from sftsec_core.store.scrub import hide_url_passwords, without_secrets
from sftsec_core.store.tables import runs

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import ColumnElement, Connection, Row

    from sftsec_core.store.database import Database
    from sftsec_core.store.folders import Folders

RUNNING = "running"
INTERRUPTED = "interrupted"
ENDED = ("succeeded", "refused", "failed")
RESUME_WITHIN = timedelta(days=1)
_KNOWN_SHOWN = 20
_CHANGED = "it was interrupted, and what shaped it has changed since"
_TOO_OLD = "it was interrupted too long ago to be resumed"


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What a run is to do, and by what.

    Attributes:
        kind: "retrain", "score" or "dataset".
        task: the task's name.
        settings: all that shapes the run, a JSON value; secrets only as references. Two runs
            with the same settings do the same.
    """

    kind: str
    task: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BegunRun:
    """A run that this process holds.

    Attributes:
        resumed: it is one that was interrupted.
        abandoned: ids of interrupted runs that were closed instead, with the reason.
    """

    info: RunInfo
    resumed: bool
    abandoned: tuple[tuple[str, str], ...] = ()


class Runs:
    """All runs. The process that begins or resumes a run holds it; only the holder ends it.

    Attributes:
        holder: the name under which this object holds runs, and claims in the outbox.
    """

    def __init__(self, database: Database, folders: Folders, lease: timedelta = LEASE) -> None:
        self._database = database
        self._folders = folders
        self._lease = lease
        self.holder = new_holder()

    # --- beginning

    def begin(
        self, order: RunOrder, folder: Path, *, resume_within: timedelta = RESUME_WITHIN
    ) -> BegunRun:
        """Resume the newest interrupted run of the same order, or begin another.

        Interrupted runs that are not resumed are closed as failed. Of several processes that
        ask at once one gets the run.

        Args:
            order: what to do.
            folder: where runs lie; a new run's folder is made in it and named by its id.
            resume_within: a run that was interrupted longer ago is not resumed.

        Raises:
            RunActiveError: when another process holds a run of this kind on this task.
        """
        wanted = fingerprint(order.settings)
        abandoned: builtins.list[tuple[str, str]] = []
        with self._database.writing() as connection:
            for row in self._interrupted(connection, order):
                reason = self._reason_against(row, wanted, resume_within)
                if reason is None and self._take(connection, row):
                    info = replace(self._info(row), status=RUNNING, error=None)
                    return BegunRun(info, True, tuple(abandoned))
                reason = reason or "another run took its place"
                self._close(connection, row, reason)
                abandoned.append((row.id, reason))
            run_id = self._insert(connection, order, folder, wanted)
        return BegunRun(self.get(run_id), False, tuple(abandoned))

    def unfinished(self, kind: str, task: str) -> builtins.list[RunInfo]:
        """Return the interrupted runs, those of ended leases too, newest first."""
        with self._database.reading() as connection:
            order = RunOrder(kind, task, {})
            return [self._info(row) for row in self._interrupted(connection, order)]

    # --- while it lasts

    def renew(self, run_id: str) -> None:
        """Prolong the lease of a run.

        Raises:
            LeaseLostError: when this process does not hold the run (any more).
        """
        self._update_own(run_id, self._lease_from_now())

    def heartbeat(self, run_id: str) -> Heartbeat:
        """Renew the lease while the body of the returned context manager works."""
        return Heartbeat(f"run {run_id}", self._lease, lambda: self.renew(run_id))

    def finish(
        self,
        run_id: str,
        status: str,
        *,
        error: str | None = None,
        report: Path | None = None,
    ) -> RunInfo:
        """Record how the run ended and return it.

        Args:
            run_id: the whole id.
            status: "succeeded", "refused" or "failed".
            error: the one line that says why it failed.
            report: where the report lies.

        Raises:
            LeaseLostError: when this process does not hold the run (any more).
            ValueError: when the status is none of these.
        """
        if status not in ENDED:
            raise ValueError(f"status {status!r} is not one of {', '.join(ENDED)}")
        # Read before it ends: what has ended may be removed by another process at any time.
        before, now = self.get(run_id), self._database.clock()
        line = None if error is None else hide_url_passwords(error)
        values = {
            "status": status,
            "error": line,
            "report": None if report is None else self._folders.kept(report),
            "finished_at": now,
        }
        self._update_own(run_id, values)
        return replace(before, status=status, error=line, finished_at=now)

    def interrupt(self, run_id: str, error: str) -> None:
        """End the lease of a run that may be resumed later.

        Raises:
            LeaseLostError: when this process does not hold the run (any more).
        """
        now = self._database.clock()
        values = {
            "status": INTERRUPTED,
            "error": hide_url_passwords(error),
            "heartbeat_at": now,
            "lease_until": now,
        }
        self._update_own(run_id, values)

    # --- reading

    def get(self, run_id: str) -> RunInfo:
        """Return a run by its id or by the beginning of it.

        Raises:
            NotFoundError: when no run begins so.
            StoreError: when several do.
        """
        return self._info(self._row(run_id))

    def settings(self, run_id: str) -> dict[str, Any]:
        """Return what a run worked by; `run_id` as for `get`."""
        found: dict[str, Any] = self._row(run_id).settings
        return found

    def report(self, run_id: str) -> Path | None:
        """Return where a run's report lies, None when it wrote none; `run_id` as for `get`."""
        stored: str | None = self._row(run_id).report
        return None if stored is None else self._folders.found(stored)

    def list(
        self, task: str | None = None, *, kind: str | None = None, limit: int = 100
    ) -> builtins.list[RunInfo]:
        """Return runs, newest first.

        Args:
            task: only this task's; None for all.
            kind: only of this kind; None for all.
            limit: how many at most.
        """
        query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        if task is not None:
            query = query.where(runs.c.task == task)
        if kind is not None:
            query = query.where(runs.c.kind == kind)
        with self._database.reading() as connection:
            return [self._info(row) for row in connection.execute(query)]

    def lost(self) -> frozenset[str]:
        """Return the ids of running runs whose holder renews its lease no more: it was killed."""
        query = select(runs.c.id).where(ended_lease(self._database.clock()))
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def counts(self) -> dict[str, int]:
        """Return how many runs have each status; one whose process was killed is interrupted."""
        query = select(runs.c.status, func.count().label("number")).group_by(runs.c.status)
        found = select(func.count()).where(ended_lease(self._database.clock()))
        with self._database.reading() as connection:
            counted = Counter[str]({row.status: row.number for row in connection.execute(query)})
            lost = connection.execute(found.select_from(runs)).scalar_one()
        counted.update({"running": -lost, "interrupted": lost})
        return dict(+counted)

    # --- inside

    def _insert(self, connection: Connection, order: RunOrder, folder: Path, wanted: str) -> str:
        now = self._database.clock()
        run_id = f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
        own = folder / run_id
        row = {
            "id": run_id,
            "kind": order.kind,
            "task": order.task,
            "status": RUNNING,
            "folder": self._folders.kept(own),
            "settings": without_secrets(order.settings),
            "fingerprint": wanted,
            "started_at": now,
            "holder": self.holder,
            **self._lease_from_now(),
        }
        active = self._active(connection, order)
        if active is not None:
            raise _active_error(order, active)
        try:
            connection.execute(insert(runs).values(row))
        except ConstraintError as error:
            # Another process was faster by a moment.
            raise _active_error(order, None) from error
        # Last before the commit: a run that is recorded has its folder.
        _make(own)
        return run_id

    def _lease_from_now(self) -> dict[str, datetime]:
        now = self._database.clock()
        return {"heartbeat_at": now, "lease_until": now + self._lease}

    def _active(self, connection: Connection, order: RunOrder) -> Row[Any] | None:
        query = select(runs).where(
            runs.c.kind == order.kind, runs.c.task == order.task, runs.c.status == RUNNING
        )
        return connection.execute(query).one_or_none()

    def _interrupted(self, connection: Connection, order: RunOrder) -> builtins.list[Row[Any]]:
        query = (
            select(runs)
            .where(
                runs.c.kind == order.kind,
                runs.c.task == order.task,
                or_(runs.c.status == INTERRUPTED, ended_lease(self._database.clock())),
            )
            .order_by(runs.c.started_at.desc(), runs.c.id.desc())
        )
        return list(connection.execute(query))

    def _reason_against(self, row: Row[Any], wanted: str, resume_within: timedelta) -> str | None:
        """Why an interrupted run is not resumed; None when it is."""
        if row.fingerprint != wanted:
            return _CHANGED
        if self._database.clock() - row.heartbeat_at > resume_within:
            return _TOO_OLD
        return None

    def _take(self, connection: Connection, row: Row[Any]) -> bool:
        """Become the holder unless another process did since the row was read."""
        taken = connection.execute(
            update(runs)
            .where(*_unchanged(row))
            .values(status=RUNNING, error=None, holder=self.holder, **self._lease_from_now())
        )
        return taken.rowcount == 1

    def _close(self, connection: Connection, row: Row[Any], reason: str) -> None:
        values = {"status": "failed", "finished_at": self._database.clock(), "error": reason}
        connection.execute(update(runs).where(*_unchanged(row)).values(values))

    def _update_own(self, run_id: str, values: Mapping[str, Any]) -> None:
        own = (runs.c.id == run_id, runs.c.holder == self.holder, runs.c.status == RUNNING)
        with self._database.writing() as connection:
            if connection.execute(update(runs).where(*own).values(values)).rowcount != 1:
                raise LeaseLostError(
                    f"this process does not hold run {run_id}: it has ended, or its lease ran out "
                    "and another process took it over (sftsec report shows how it went)"
                )

    def _row(self, run_id: str) -> Row[Any]:
        query = select(runs).where(runs.c.id.startswith(run_id, autoescape=True))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(runs.c.id).limit(_KNOWN_SHOWN)).all()
            if not rows:
                newest = select(runs.c.id).order_by(runs.c.started_at.desc()).limit(_KNOWN_SHOWN)
                raise NotFoundError("run", run_id, connection.execute(newest).scalars().all())
        if len(rows) > 1:
            several = ", ".join(row.id for row in rows)
            raise StoreError(f"run {run_id!r} is ambiguous: it may be {several}; write more of it")
        return rows[0]

    def _info(self, row: Row[Any]) -> RunInfo:
        return RunInfo(
            id=row.id,
            kind=row.kind,
            task=row.task,
            status=row.status,
            folder=self._folders.found(row.folder),
            started_at=row.started_at,
            finished_at=row.finished_at,
            error=row.error,
        )


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Return the hex SHA-256 that tells whether two runs are shaped by the same settings."""
    return digest(without_secrets(settings))


def ended_lease(now: datetime) -> ColumnElement[bool]:
    """The condition on `runs` of a running run whose holder renews its lease no more."""
    return and_(runs.c.status == RUNNING, runs.c.lease_until < now)


def _active_error(order: RunOrder, row: Row[Any] | None) -> RunActiveError:
    return RunActiveError(
        f"a {order.kind} of task {order.task!r} is running already (sftsec runs one at a time): "
        "wait until it has ended, or end that process and run again",
        run_id=row.id if row else None,
        heartbeat_at=row.heartbeat_at if row else None,
        lease_until=row.lease_until if row else None,
    )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise StoreError(f"cannot make the run's folder {folder}: {error.strerror}") from error


def _unchanged(row: Row[Any]) -> tuple[Any, ...]:
    return (
        runs.c.id == row.id,
        runs.c.holder == row.holder,
        runs.c.status == row.status,
        runs.c.heartbeat_at == row.heartbeat_at,
    )

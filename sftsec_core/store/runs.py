"""Runs: which process works on which task, how it ended, and what a killed one left behind.

A task has at most one running run of a kind, which a unique index holds. Its holder has a lease
and renews it by heartbeats: a second process that starts while the first is alive is refused,
and one that starts after the first was killed waits for the lease to end (15 seconds at most).
It then resumes the run when everything that shaped it is the same; otherwise it closes the run
as failed and begins another. Taking a run over raises its fence and moves its folder: an earlier
holder that is still alive can write nothing more (`fencing`, `run_folders`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError as ConstraintError

from sftsec_core.api.domain import RunInfo
from sftsec_core.api.errors import RunActiveError, StoreError
from sftsec_core.store.fencing import Fence, lost
from sftsec_core.store.holders import end_holder, new_holder
from sftsec_core.store.leases import LEASE, Heartbeat
from sftsec_core.store.run_folders import empty, fenced, move_in
from sftsec_core.store.run_records import RunRecords
from sftsec_core.store.run_rows import (
    ENDED,
    INTERRUPTED,
    RUNNING,
    ended_lease,
    fingerprint,
    new_id,
    unchanged,
    was_killed,
)
from sftsec_core.store.scrub import hide_url_passwords, without_secrets
from sftsec_core.store.staging import locked
from sftsec_core.store.tables import runs

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Connection, Row

    from sftsec_core.store.database import Database
    from sftsec_core.store.folders import Folders
    from sftsec_core.store.run_queue import ClaimedRun

LOG = "log.txt"
RESUME_WITHIN = timedelta(days=1)
_CHANGED = "it was interrupted, and what shaped it has changed since"
_TOO_OLD = "it was interrupted too long ago to be resumed"
_REPLACED = "run {} of the queue took its place"


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
        fence: how often the run was taken.
        resumed: it is one that was interrupted.
        abandoned: ids of interrupted runs that were closed instead, with the reason.
    """

    info: RunInfo
    fence: int
    resumed: bool
    abandoned: tuple[tuple[str, str], ...] = ()


class Runs(RunRecords):
    """All runs. The process that begins or resumes a run holds it; only the holder ends it.

    Attributes:
        holder: the name under which this object holds runs, and claims in the outbox.
    """

    def __init__(self, database: Database, folders: Folders, lease: timedelta = LEASE) -> None:
        super().__init__(database, folders)
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
        self._end_stale(order)
        # The lock first, as `sftsec gc` takes it: never a transaction that waits for the lock.
        with locked(folder), self._database.writing(fenced=False) as connection:
            begun = self._begin(connection, order, folder, resume_within)
        return self._hold(begun)

    def take_up(
        self, claimed: ClaimedRun, order: RunOrder, *, resume_within: timedelta = RESUME_WITHIN
    ) -> BegunRun:
        """Hold a run that a worker has claimed for this process.

        It is resumed when nothing that shaped it has changed; else its folder is emptied, but for
        its log, and the run starts again. Other interrupted runs of the same order are closed.

        Args:
            claimed: what the worker claimed.
            order: what to do, as it is configured now.
            resume_within: a run that was interrupted longer ago starts again.

        Raises:
            LeaseLostError: when another process has it already.
        """
        wanted, run_id = fingerprint(order.settings), claimed.info.id
        now, abandoned = self._database.clock(), list[tuple[str, str]]()
        with self._database.writing(fenced=False) as connection:
            row = connection.execute(
                select(runs).where(runs.c.id == run_id).with_for_update()
            ).one_or_none()
            if row is None or (row.holder, row.fence) != (claimed.holder, claimed.fence):
                raise lost(run_id)
            reason = self._reason_against(row, wanted, resume_within) if row.fingerprint else ""
            values: dict[str, Any] = {"holder": self.holder, **self._lease_from_now()}
            if reason is not None:
                shaped = {"settings": without_secrets(order.settings), "fingerprint": wanted}
                values |= {**shaped, "started_at": now}
            connection.execute(update(runs).where(*unchanged(row)).values(values))
            for other in self._interrupted(connection, order):
                why = _REPLACED.format(run_id)
                if self._close(connection, other, why):
                    abandoned.append((other.id, why))
            begun = self._begun(connection, run_id, tuple(abandoned), resumed=reason is None)
        if reason is not None:
            empty(begun.info.folder, LOG)
        return self._hold(begun)

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
            status: "succeeded", "refused", "failed" or "cancelled".
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
        self.let_go(run_id)
        return replace(before, status=status, error=line, finished_at=now)

    def interrupt(self, run_id: str, error: str, more: Mapping[str, Any] | None = None) -> None:
        """End the lease of a run that may be resumed later.

        Args:
            run_id: the whole id.
            error: the one line that says why.
            more: further columns, as the queue sets them.

        Raises:
            LeaseLostError: when this process does not hold the run (any more).
        """
        now = self._database.clock()
        values = {
            "status": INTERRUPTED,
            "error": hide_url_passwords(error),
            "heartbeat_at": now,
            "lease_until": now,
            "worker": None,
            **(more or {}),
        }
        self._update_own(run_id, values)
        self.let_go(run_id)

    def let_go(self, run_id: str) -> None:
        """Make what this process writes independent of a run whose body has ended."""
        self._database.fences.unbind(run_id)

    def stop_asked(self, run_id: str) -> str | None:
        """Return "cancel" or "drain" when a run is to stop, None while it is not."""
        query = select(runs.c.stop).where(runs.c.id == run_id)
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    # --- inside

    def _begin(
        self, connection: Connection, order: RunOrder, folder: Path, resume_within: timedelta
    ) -> BegunRun:
        wanted = fingerprint(order.settings)
        abandoned: builtins.list[tuple[str, str]] = []
        for row in self._interrupted(connection, order):
            reason = self._reason_against(row, wanted, resume_within)
            if reason is None and self._take(connection, row, folder):
                return self._begun(connection, row.id, tuple(abandoned), resumed=True)
            reason = reason or "another run took its place"
            if self._close(connection, row, reason):
                abandoned.append((row.id, reason))
        run_id = self._insert(connection, order, folder, wanted)
        return self._begun(connection, run_id, tuple(abandoned), resumed=False)

    def _hold(self, begun: BegunRun) -> BegunRun:
        """Let what this process writes depend on the run."""
        self._database.fences.bind(Fence(begun.info.id, self.holder, begun.fence))
        return begun

    def _insert(self, connection: Connection, order: RunOrder, folder: Path, wanted: str) -> str:
        now = self._database.clock()
        run_id = new_id(now)
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

    def _take(self, connection: Connection, row: Row[Any], folder: Path) -> bool:
        """Become the holder unless another process did since the row was read."""
        values = {"status": RUNNING, "error": None, "holder": self.holder, "fence": row.fence + 1}
        values |= {"worker": None, "stop": None, **self._lease_from_now()}
        moved = fenced(folder, row.id, row.fence + 1) if was_killed(row) else None
        if moved is not None:
            values["folder"] = self._folders.kept(moved)
        taken = connection.execute(update(runs).where(*unchanged(row)).values(values))
        if taken.rowcount == 1 and moved is not None:
            move_in(moved)
        return taken.rowcount == 1

    def _close(self, connection: Connection, row: Row[Any], reason: str) -> bool:
        """End an interrupted run as failed; one of the queue goes back there instead."""
        values: dict[str, Any] = {"fence": row.fence + 1, "holder": ""}
        if row.queued_at is None:
            values |= {"status": "failed", "finished_at": self._database.clock(), "error": reason}
        else:
            values |= {"status": INTERRUPTED, "worker": None}
        closed = connection.execute(update(runs).where(*unchanged(row)).values(values))
        return closed.rowcount == 1 and row.queued_at is None

    def _end_stale(self, order: RunOrder) -> None:
        """End this host's processes whose leases have ended: a stopped one may hold locks."""
        query = select(runs.c.holder).where(
            runs.c.kind == order.kind,
            runs.c.task == order.task,
            ended_lease(self._database.clock()),
        )
        with self._database.reading() as connection:
            holders = connection.execute(query).scalars().all()
        for holder in holders:
            end_holder(holder)

    def _begun(
        self,
        connection: Connection,
        run_id: str,
        abandoned: tuple[tuple[str, str], ...],
        *,
        resumed: bool,
    ) -> BegunRun:
        row = connection.execute(select(runs).where(runs.c.id == run_id)).one()
        return BegunRun(self._info(row), row.fence, resumed, abandoned)

    def _update_own(self, run_id: str, values: Mapping[str, Any]) -> None:
        own = (runs.c.id == run_id, runs.c.holder == self.holder, runs.c.status == RUNNING)
        with self._database.writing(fenced=False) as connection:
            if connection.execute(update(runs).where(*own).values(values)).rowcount != 1:
                raise lost(run_id)


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

"""Runs: who works on which task, what became of it, and what a killed one left behind.

A task has at most one running run of a kind, which a unique index holds: a second cron job that
starts too early is refused, not let into the first one's work folder. A run whose process was
killed stays "running" until the next one comes: that one adopts it when the settings are the
same, and so trains on from its checkpoint; otherwise it closes it as failed.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError as ConstraintError

from sftsec_core.api.domain import RunInfo
from sftsec_core.api.errors import NotFoundError, SftsecError, StoreError
from sftsec_core.store.canonical import digest
from sftsec_core.store.process import Owner
from sftsec_core.store.scrub import hide_url_passwords, without_secrets
from sftsec_core.store.tables import runs

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection, Row

    from sftsec_core.store.database import Database
    from sftsec_core.store.folders import Folders

RUNNING = "running"
INTERRUPTED = "interrupted"
ENDED = ("succeeded", "refused", "failed")
# A run on another host counts as dead after this silence; on this host its process is looked up.
STALE_AFTER = timedelta(minutes=5)
_BEAT_SECONDS = 20.0
_KNOWN_SHOWN = 20
log = logging.getLogger(__name__)


class Runs:
    """All runs. The one that creates or adopts a run owns it; only its owner may end it."""

    def __init__(self, database: Database, folders: Folders) -> None:
        self._database = database
        self._folders = folders
        self._owner = str(Owner.new())

    # --- beginning

    def create(self, kind: str, task: str, folder: Path, settings: Mapping[str, Any]) -> RunInfo:
        """Record a new run and make its folder.

        Runs of the same kind and task that a kill left behind are closed as failed.

        Args:
            kind: "retrain" or "score".
            task: the task's name.
            folder: where runs lie; the run's own folder is made in it and named by its id.
            settings: what the run works by, a JSON value; secrets are kept out.

        Raises:
            StoreError: when another process runs this kind on this task now.
        """
        run_id = f"{self._database.clock():%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
        own = folder / run_id
        with self._database.writing() as connection:
            self._close_dead(connection, kind, task)
            self._insert(connection, run_id, kind, task, own, settings)
            # Last before the commit: a run that is recorded has its folder.
            _make(own)
        return self.get(run_id)

    def resume(self, kind: str, task: str, settings: Mapping[str, Any]) -> RunInfo | None:
        """Take over the latest run that a kill left behind, if its settings were the same.

        Of several processes that ask at once one gets it. Returns None when there is none.

        Raises:
            StoreError: when the database refuses.
        """
        wanted = fingerprint(settings)
        with self._database.writing() as connection:
            for row in self._dead(connection, kind, task):
                if row.fingerprint == wanted and self._take(connection, row):
                    return replace(self._info(row), status=RUNNING, error=None)
        return None

    def unfinished(self, kind: str, task: str) -> builtins.list[RunInfo]:
        """Return the runs that a kill or an interruption left behind, newest first."""
        with self._database.reading() as connection:
            return [self._info(row) for row in self._dead(connection, kind, task)]

    # --- while it lasts

    def beat(self, run_id: str) -> None:
        """Say that the run is alive.

        Raises:
            StoreError: when this process does not own the run (any more).
        """
        self._update_own(run_id, {"heartbeat_at": self._database.clock()})

    @contextmanager
    def heartbeat(self, run_id: str, *, every_s: float = _BEAT_SECONDS) -> Iterator[None]:
        """Send heartbeats from a thread while the body works.

        A heartbeat that fails is logged; the body goes on, and `finish` tells the truth.
        """
        done = Event()

        def beat() -> None:
            while not done.wait(every_s):
                try:
                    self.beat(run_id)
                except SftsecError as error:
                    log.warning("run %s: no heartbeat: %s", run_id, error)

        thread = Thread(target=beat, name=f"heartbeat-{run_id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

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
            StoreError: when this process does not own the run (any more), or it has ended.
            ValueError: when the status is none of these.
        """
        if status not in ENDED:
            raise ValueError(f"status {status!r} is not one of {', '.join(ENDED)}")
        values = {
            "status": status,
            "error": None if error is None else hide_url_passwords(error),
            "report": None if report is None else self._folders.kept(report),
            "finished_at": self._database.clock(),
        }
        self._update_own(run_id, values)
        return self.get(run_id)

    def interrupt(self, run_id: str, error: str) -> None:
        """Let go of a run that may go on later: the next one with the same settings adopts it.

        Raises:
            StoreError: when this process does not own the run (any more), or it has ended.
        """
        values = {"status": INTERRUPTED, "error": hide_url_passwords(error)}
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

    # --- inside

    def _insert(
        self,
        connection: Connection,
        run_id: str,
        kind: str,
        task: str,
        folder: Path,
        settings: Mapping[str, Any],
    ) -> None:
        now = self._database.clock()
        row = {
            "id": run_id,
            "kind": kind,
            "task": task,
            "status": RUNNING,
            "folder": self._folders.kept(folder),
            "settings": without_secrets(settings),
            "fingerprint": fingerprint(settings),
            "started_at": now,
            "heartbeat_at": now,
            **self._ownership(),
        }
        try:
            connection.execute(insert(runs).values(row))
        except ConstraintError as error:
            raise StoreError(
                f"a {kind} of task {task!r} is running already (sftsec runs one at a time): "
                "wait until it has ended, or end that process and run again"
            ) from error

    def _ownership(self) -> dict[str, Any]:
        owner = Owner.parse(self._owner)
        return {"owner": self._owner, "host": owner.host, "pid": owner.pid}

    def _dead(self, connection: Connection, kind: str, task: str) -> builtins.list[Row[Any]]:
        query = (
            select(runs)
            .where(
                runs.c.kind == kind,
                runs.c.task == task,
                runs.c.status.in_((RUNNING, INTERRUPTED)),
            )
            .order_by(runs.c.started_at.desc(), runs.c.id.desc())
        )
        return [row for row in connection.execute(query) if not self._is_alive(row)]

    def _is_alive(self, row: Row[Any]) -> bool:
        if row.status == INTERRUPTED:
            return False
        alive = Owner.parse(row.owner).alive()
        if alive is None:
            return bool(self._database.clock() - row.heartbeat_at < STALE_AFTER)
        return alive

    def _take(self, connection: Connection, row: Row[Any]) -> bool:
        """Become the owner unless somebody else did since the row was read."""
        taken = connection.execute(
            update(runs)
            .where(*_unchanged(row))
            .values(
                status=RUNNING,
                error=None,
                heartbeat_at=self._database.clock(),
                **self._ownership(),
            )
        )
        return taken.rowcount == 1

    def _close_dead(self, connection: Connection, kind: str, task: str) -> None:
        for row in self._dead(connection, kind, task):
            connection.execute(
                update(runs)
                .where(*_unchanged(row))
                .values(
                    status="failed",
                    finished_at=self._database.clock(),
                    error="its process ended without a word, and a new run took its place",
                )
            )

    def _update_own(self, run_id: str, values: Mapping[str, Any]) -> None:
        own = (runs.c.id == run_id, runs.c.owner == self._owner, runs.c.status == RUNNING)
        with self._database.writing() as connection:
            if connection.execute(update(runs).where(*own).values(values)).rowcount != 1:
                raise StoreError(
                    f"run {run_id} is not this process's to report on: it has ended or another "
                    "process took it over (sftsec report shows how it went)"
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
            raise StoreError(f"run {run_id!r} is not clear: it may be {several}; write more of it")
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
    """Return the hex SHA-256 by which two runs are seen to have the same settings."""
    return digest(without_secrets(settings))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise StoreError(f"cannot make the run's folder {folder}: {error.strerror}") from error


def _unchanged(row: Row[Any]) -> tuple[Any, ...]:
    return (
        runs.c.id == row.id,
        runs.c.owner == row.owner,
        runs.c.status == row.status,
        runs.c.heartbeat_at == row.heartbeat_at,
    )

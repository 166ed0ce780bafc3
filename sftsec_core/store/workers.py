"""Workers: which processes claim runs from the queue, and which of them are to stop."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import delete, insert, select, update

from sftsec_core.api.errors import NotFoundError
from sftsec_core.store.tables import workers

if TYPE_CHECKING:
    import builtins

    from sqlalchemy import Row

    from sftsec_core.store.database import Database

_FORGET_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker.

    Attributes:
        name: its host, its process id and four letters by chance.
        version: of sftsec.
        slots: how many runs it carries out at once.
        started_at: UTC.
        state: "alive", "draining" (takes nothing new), "lost" (without a sign of life for longer
            than a lease) or "stopped".
        problem: what keeps it from queueing what is due; None where nothing does.
    """

    name: str
    host: str
    pid: int
    version: str
    slots: int
    started_at: datetime
    state: str
    problem: str | None = None

    @property
    def failing(self) -> bool:
        """Whether it works and something keeps it from queueing what is due."""
        return self.problem is not None and self.state in ("alive", "draining")


class Workers:
    """The workers' rows; each worker writes its own."""

    def __init__(self, database: Database, lease: timedelta) -> None:
        self._database = database
        self._lease = lease

    def register(self, version: str, slots: int) -> str:
        """Make this process known and return its name; those gone for a day are forgotten."""
        now, host, pid = self._database.clock(), socket.gethostname(), os.getpid()
        name = f"{host[:80]}-{pid}-{uuid4().hex[:4]}"
        row = {"name": name, "host": host, "pid": pid, "version": version, "slots": slots}
        with self._database.writing() as connection:
            gone = workers.c.lease_until < now - _FORGET_AFTER
            connection.execute(delete(workers).where(gone))
            connection.execute(insert(workers).values(**row, started_at=now, **self._signs(now)))
        return name

    def heartbeat(self, name: str) -> bool:
        """Give a sign of life; return whether the worker is to take nothing new."""
        with self._database.writing() as connection:
            mine = workers.c.name == name
            values = self._signs(self._database.clock())
            connection.execute(update(workers).where(mine).values(values))
            return bool(connection.execute(select(workers.c.drain).where(mine)).scalar())

    def report(self, name: str, problem: str | None) -> None:
        """Record what keeps a worker from queueing what is due; None where nothing does."""
        with self._database.writing() as connection:
            mine = workers.c.name == name
            connection.execute(update(workers).where(mine).values(problem=problem))

    def stop(self, name: str) -> None:
        """Record that a worker has ended."""
        now = self._database.clock()
        with self._database.writing() as connection:
            mine = workers.c.name == name
            connection.execute(update(workers).where(mine).values(stopped_at=now))

    def drain(self, name: str | None = None) -> builtins.list[str]:
        """Ask a worker, or all, to end what they run and take nothing new; return their names.

        Raises:
            NotFoundError: when no such worker is alive.
        """
        alive = [each.name for each in self.list() if each.state in ("alive", "draining")]
        asked = alive if name is None else [name]
        if name is not None and name not in alive:
            raise NotFoundError("worker", name, alive)
        with self._database.writing() as connection:
            connection.execute(update(workers).where(workers.c.name.in_(asked)).values(drain=True))
        return asked

    def list(self) -> builtins.list[WorkerInfo]:
        """Return the workers, newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(workers).order_by(workers.c.started_at.desc())).all()
        return [self._info(row) for row in rows]

    def _signs(self, now: datetime) -> dict[str, datetime]:
        return {"heartbeat_at": now, "lease_until": now + self._lease}

    def _info(self, row: Row[Any]) -> WorkerInfo:
        state = "draining" if row.drain else "alive"
        if row.stopped_at is not None:
            state = "stopped"
        elif row.lease_until < self._database.clock():
            state = "lost"
        return WorkerInfo(
            row.name, row.host, row.pid, row.version, row.slots, row.started_at, state, row.problem
        )

"""The store as it is, for a check-up: nothing is made, migrated or written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import case, func, select, text

from sftsec_core.store import dialects
from sftsec_core.store.columns import utc_now
from sftsec_core.store.holders import RUN_PREFIX, host_of
from sftsec_core.store.migrations import current_revision
from sftsec_core.store.run_rows import ended_lease
from sftsec_core.store.tables import audit_head, cursors, outbox, runs, workers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta
    from types import TracebackType

    from sqlalchemy import Executable

_CONNECT_S = 10
_RECENT_RUNS = 200


@dataclass(frozen=True, slots=True)
class LostRun:
    """A run that counts as running and whose holder renews its lease no more."""

    id: str
    kind: str
    task: str
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """A worker that did not end by itself.

    Attributes:
        version: of sftsec.
        alive: it renewed its lease.
        problem: what keeps it from queueing what is due; None where nothing does.
    """

    name: str
    host: str
    version: str
    alive: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A connector's pending detections.

    Attributes:
        failed: how many of them were pushed without success.
        oldest: when the first of them was written.
    """

    connector: str
    detections: int
    failed: int
    oldest: datetime


class Inspection:
    """Questions to a store, which only look; a context manager that lets go of the connections.

    A SQLite file must be there already.

    Attributes:
        where: the store's address, without a password.
    """

    def __init__(self, url: str, clock: Callable[[], datetime] = utc_now) -> None:
        """Prepare; the first question connects.

        Args:
            url: an SQLAlchemy URL.
            clock: gives the present moment (UTC).

        Raises:
            StoreError: when the URL is none, or the database's driver is not installed.
        """
        self._url = dialects.read_url(url)
        self.where = dialects.hidden(self._url)
        self._clock = clock
        self.sqlite = self._url.get_backend_name() == "sqlite"
        if not self.sqlite:
            self._url = self._url.update_query_dict({"connect_timeout": str(_CONNECT_S)})
        self._reader = dialects.reader_of(dialects.create(self._url))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reader.dispose()

    def _rows(self, query: Executable) -> Sequence[Any]:
        # A transaction for each question: on PostgreSQL one that failed answers no other.
        with dialects.store_errors(self._url), self._reader.begin() as connection:
            return connection.execute(query).all()

    def _value(self, query: Executable) -> Any:  # noqa: ANN401 - of the query's type
        return next((row[0] for row in self._rows(query)), None)

    def revision(self) -> str | None:
        """Return the revision of its tables; None for a store without any.

        The other questions need the tables of this version (`migrations.HEAD`).

        Raises:
            StoreError: when the database refuses.
        """
        with dialects.store_errors(self._url), self._reader.begin() as connection:
            return current_revision(connection)

    def damage(self) -> str | None:
        """Return what SQLite finds wrong with its file; None for another database."""
        if not self.sqlite:
            return None
        found = str(self._value(text("PRAGMA quick_check(1)")))
        return None if found == "ok" else found

    def clock_skew(self) -> timedelta | None:
        """Return how far this machine's clock is ahead of the database's; None for SQLite."""
        if self.sqlite:
            return None
        theirs: datetime = self._value(select(func.clock_timestamp()))
        return self._clock() - theirs

    def newest_heartbeat(self) -> datetime | None:
        """Return when a run last renewed its lease, by the clock of its host."""
        found: datetime | None = self._value(select(func.max(runs.c.heartbeat_at)))
        return found

    def lost_runs(self) -> list[LostRun]:
        """Return the runs that were killed and not resumed yet, the oldest first."""
        query = (
            select(runs.c.id, runs.c.kind, runs.c.task, runs.c.lease_until)
            .where(ended_lease(self._clock()))
            .order_by(runs.c.lease_until)
        )
        return [LostRun(*row) for row in self._rows(query)]

    def workers(self) -> list[SeenWorker]:
        """Return the workers that did not end by themselves, the newest first."""
        alive = workers.c.lease_until >= self._clock()
        table = workers.c
        query = (
            select(table.name, table.host, table.version, alive, table.problem)
            .where(workers.c.stopped_at.is_(None))
            .order_by(workers.c.started_at.desc())
        )
        return [
            SeenWorker(name, host, at, bool(on), problem)
            for name, host, at, on, problem in self._rows(query)
        ]

    def queued_runs(self) -> int:
        """Return how many runs wait for a worker, those that may not begin yet among them."""
        return int(
            self._value(select(func.count()).select_from(runs).where(runs.c.status == "queued"))
        )

    def waiting(self) -> list[Waiting]:
        """Return what each connector's outbox holds, in the order of their names."""
        failed = func.sum(case((outbox.c.attempts > 0, 1), else_=0))
        query = (
            select(outbox.c.connector, func.count(), failed, func.min(outbox.c.created_at))
            .where(outbox.c.status == "pending")
            .group_by(outbox.c.connector)
            .order_by(outbox.c.connector)
        )
        return [Waiting(*row) for row in self._rows(query)]

    def audit_entries(self) -> int:
        """Return the number of the audit log's last entry; 0 for an empty one."""
        return int(self._value(select(audit_head.c.seq)) or 0)

    def cursors_of(self, task: str) -> dict[str, tuple[str, datetime]]:
        """Return a task's cursors with when each moved, by the names of connectors."""
        query = select(cursors).where(cursors.c.task == task).order_by(cursors.c.connector)
        rows = self._rows(query)
        return {row.connector: (row.cursor, row.moved_at) for row in rows}

    def versions_by_host(self) -> Mapping[str, Mapping[str, str]]:
        """Return the plugins' versions that the newest run of each host had, by host."""
        query = (
            select(runs.c.holder, runs.c.settings)
            .where(runs.c.holder.startswith(RUN_PREFIX, autoescape=True))
            .order_by(runs.c.started_at.desc())
            .limit(_RECENT_RUNS)
        )
        found: dict[str, Mapping[str, str]] = {}
        for holder, settings in self._rows(query):
            host = host_of(holder)
            plugins = settings.get("plugins")
            if host and isinstance(plugins, dict):
                found.setdefault(host, plugins)
        return found

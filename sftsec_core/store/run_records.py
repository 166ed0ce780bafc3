"""What is known of runs: found by their ids, listed, and which were killed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from sftsec_core.api.errors import NotFoundError, StoreError
from sftsec_core.store.run_rows import ended_lease, run_info
from sftsec_core.store.tables import runs

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable
    from pathlib import Path

    from sqlalchemy import Row

    from sftsec_core.api.domain import RunInfo
    from sftsec_core.store.database import Database
    from sftsec_core.store.folders import Folders

_KNOWN_SHOWN = 20


class RunRecords:
    """Reads runs."""

    def __init__(self, database: Database, folders: Folders) -> None:
        self._database = database
        self._folders = folders

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

    def known(self, ids: Iterable[str]) -> frozenset[str]:
        """Return which of some ids are of a run, each written in full."""
        query = select(runs.c.id).where(runs.c.id.in_(sorted(set(ids))))
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())

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
        return run_info(row, self._folders)

    def counts(self) -> dict[str, int]:
        """Return how many runs have each status; one whose process was killed is interrupted."""
        query = select(runs.c.status, func.count().label("number")).group_by(runs.c.status)
        found = select(func.count()).where(ended_lease(self._database.clock()))
        with self._database.reading() as connection:
            counted = Counter[str]({row.status: row.number for row in connection.execute(query)})
            lost = connection.execute(found.select_from(runs)).scalar_one()
        counted.update({"running": -lost, "interrupted": lost})
        return dict(+counted)

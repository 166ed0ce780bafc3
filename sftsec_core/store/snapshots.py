"""Data sets that were built: where they lie and what went into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from sftsec_core.store.dialects import insert_into
from sftsec_core.store.scrub import without_secrets
from sftsec_core.store.tables import snapshots

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from sftsec_core.store.database import Database
    from sftsec_core.store.folders import Folders

UNLABELLED = "unlabelled"
"""The key of the manifest of a pool of incidents without a verdict."""


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """One snapshot on disk.

    Attributes:
        digest: hex SHA-256 of its content.
        folder: where its files lie.
        rows: how many incidents it holds.
        manifest: what the builder says of it.
        created_at: when it was built last (UTC).
        run_id: the run that built it first.
    """

    task: str
    digest: str
    folder: Path
    rows: int
    manifest: Mapping[str, Any]
    created_at: datetime
    run_id: str | None

    @property
    def unlabelled(self) -> bool:
        """Whether it is a pool of incidents without a verdict."""
        return UNLABELLED in self.manifest


class Snapshots:
    """The snapshots of all tasks; the same content built twice is one row."""

    def __init__(self, database: Database, folders: Folders) -> None:
        self._database = database
        self._folders = folders

    def add(
        self,
        task: str,
        digest: str,
        folder: Path,
        *,
        rows: int,
        manifest: Mapping[str, Any],
        run_id: str | None = None,
    ) -> None:
        """Record a snapshot; one that the task has already becomes its newest again.

        Raises:
            StoreError: when the database refuses.
        """
        row = {
            "task": task,
            "digest": digest,
            "folder": self._folders.kept(folder),
            "rows": rows,
            "manifest": without_secrets(manifest),
            "created_at": self._database.clock(),
            "run_id": run_id,
        }
        with self._database.writing() as connection:
            insert = insert_into(connection, snapshots).values(row)
            again = {"created_at": insert.excluded.created_at}
            connection.execute(
                insert.on_conflict_do_update(index_elements=["task", "digest"], set_=again)
            )

    def list(self, task: str | None = None) -> builtins.list[StoredSnapshot]:
        """Return a task's snapshots, or all, newest first."""
        query = select(snapshots).order_by(snapshots.c.created_at.desc(), snapshots.c.digest)
        if task is not None:
            query = query.where(snapshots.c.task == task)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            StoredSnapshot(
                task=row.task,
                digest=row.digest,
                folder=self._folders.found(row.folder),
                rows=row.rows,
                manifest=row.manifest,
                created_at=row.created_at,
                run_id=row.run_id,
            )
            for row in rows
        ]

    def latest(self, task: str) -> StoredSnapshot | None:
        """Return a task's newest snapshot of labelled incidents."""
        return next((one for one in self.list(task) if not one.unlabelled), None)

    def latest_unlabelled(self, task: str) -> StoredSnapshot | None:
        """Return a task's newest pool of unlabelled incidents."""
        return next((one for one in self.list(task) if one.unlabelled), None)

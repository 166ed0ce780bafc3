"""How far scoring has come: one cursor for each task and connector.

A later `score` resumes after the cursor, with a new model too: what came in before was scored
by the old one. `score --rescan` scores it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from sftsec_core.api.errors import StoreError
from sftsec_core.store.dialects import insert_new
from sftsec_core.store.tables import cursors

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from sftsec_core.store.database import Database


class Cursors:
    """The cursors, moved by compare-and-swap so that two scorers cannot leapfrog each other."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, task: str, connector: str) -> str | None:
        """Return the cursor of a task at a connector; None when nothing was scored yet."""
        query = select(cursors.c.cursor).where(*_of(task, connector))
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    def of_task(self, task: str) -> dict[str, str]:
        """Return a task's cursors by their connectors' names, which are in order."""
        query = select(cursors.c.connector, cursors.c.cursor).where(cursors.c.task == task)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(cursors.c.connector)).all()
        return {row.connector: row.cursor for row in rows}

    def move(
        self,
        task: str,
        connector: str,
        cursor: str,
        *,
        expected: str | None,
        joined: Connection | None = None,
    ) -> None:
        """Move the cursor.

        Args:
            task: the task's name.
            connector: the connector's name in the configuration.
            cursor: where it is to stand.
            expected: where the caller last saw it; None for nowhere.
            joined: a transaction to take part in.

        Raises:
            StoreError: when it stands elsewhere, so another process scores the same.
        """
        with self._database.writing(joined) as connection:
            if not self._moved(connection, (task, connector), cursor, expected):
                raise StoreError(
                    f"another process is scoring task {task!r} from {connector!r}: its pages "
                    "are recorded; wait until it has finished"
                )

    def _moved(
        self, connection: Connection, of: tuple[str, str], cursor: str, expected: str | None
    ) -> bool:
        now, (task, connector) = self._database.clock(), of
        if expected is None:
            row = {"task": task, "connector": connector, "cursor": cursor, "moved_at": now}
            return insert_new(connection, cursors, [row]) == 1
        swapped = connection.execute(
            update(cursors)
            .where(*_of(task, connector), cursors.c.cursor == expected)
            .values(cursor=cursor, moved_at=now)
        )
        return swapped.rowcount == 1


def _of(task: str, connector: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (cursors.c.task == task, cursors.c.connector == connector)

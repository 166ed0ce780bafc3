"""State stores that cost a test little: nothing is synced, and migrations run once a process.

No test cuts the power, so what a process has written is there for the next one without `fsync`:
it takes most of the time that a small store takes. A fresh store gets the statements that the
migrations sent to the first one of its kind; an older one is migrated as ever.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

from sftsec_core.store import database
from sftsec_core.store.migrations import HEAD, current_revision, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

Statement = tuple[str, Any]
_RECORDED: dict[str, list[Statement]] = {}


def install() -> None:
    """Have all stores that this process opens be quick ones, until it ends."""
    sync_nothing()
    database.migrate = _migrate  # type: ignore[attr-defined]


def sync_nothing() -> None:
    """Have this process, until it ends, leave to the kernel when what it writes is on the disk."""
    os.fsync = _unsynced
    event.listen(Pool, "checkout", _without_sync)


def _unsynced(fd: Any) -> None:
    """Stand in for `os.fsync`."""


def _without_sync(connection: object, record: Any, _proxy: object) -> None:
    """Have SQLite sync nothing, once a connection; the store's own listener had it sync all."""
    if isinstance(connection, sqlite3.Connection) and not record.info.get("unsynced"):
        connection.execute("PRAGMA synchronous=OFF")
        record.info["unsynced"] = True


def _migrate(connection: Connection, to: str = HEAD) -> None:
    """Replay what the migrations did to the first fresh store; migrate any other."""
    kind = connection.dialect.name
    if to != HEAD or current_revision(connection) is not None:
        migrate(connection, to)
    elif kind in _RECORDED:
        for statement, parameters in _RECORDED[kind]:
            connection.exec_driver_sql(statement, parameters)
    else:
        with _recording(connection) as statements:
            migrate(connection)
        _RECORDED[kind] = statements


@contextmanager
def _recording(connection: Connection) -> Iterator[list[Statement]]:
    """Collect the statements that change something."""
    statements: list[Statement] = []

    def record(
        _connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object
    ) -> None:
        if not statement.lstrip().startswith(("SELECT", "PRAGMA")):
            statements.append((statement, parameters or None))

    event.listen(connection, "before_cursor_execute", record)
    yield statements
    event.remove(connection, "before_cursor_execute", record)

"""The database of the labelling page as a file: opened for each call, written in transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

_BUSY_S = 30
_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT, version INT);
CREATE TABLE IF NOT EXISTS requests (
    place INTEGER PRIMARY KEY, task TEXT NOT NULL, connector TEXT NOT NULL, uid TEXT NOT NULL,
    digest TEXT NOT NULL, copies TEXT NOT NULL, body TEXT NOT NULL, requested REAL NOT NULL,
    settled REAL);
CREATE INDEX IF NOT EXISTS requests_digest ON requests (task, connector, digest);
CREATE INDEX IF NOT EXISTS requests_uid ON requests (connector, uid);
CREATE TABLE IF NOT EXISTS verdicts (
    key TEXT PRIMARY KEY, place INTEGER NOT NULL, task TEXT NOT NULL, connector TEXT NOT NULL,
    uid TEXT NOT NULL, uids TEXT NOT NULL, label TEXT NOT NULL, value TEXT NOT NULL,
    analyst TEXT NOT NULL, at REAL NOT NULL, reason TEXT, kept INT NOT NULL, retracted REAL);
CREATE INDEX IF NOT EXISTS verdicts_place ON verdicts (place);
CREATE INDEX IF NOT EXISTS verdicts_at ON verdicts (at);
"""


@dataclass(frozen=True, slots=True)
class LabelFile:
    """The file; it is made when it is first written."""

    path: Path

    @property
    def there(self) -> bool:
        """Whether anything was ever written."""
        return self.path.exists()

    def read(self, query: str, values: Sequence[Any], make: Any) -> list[Any]:  # noqa: ANN401 - rows of sqlite3
        """What a query finds, each row by `make`; nothing where there is no file.

        Raises:
            StoreError: when the file cannot be read.
        """
        if not self.there:
            return []
        try:
            with closing(self._open()) as database:
                return [make(row) for row in database.execute(query, values)]
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be read: {error}") from error

    def change(self, query: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run a statement on each row, in one transaction.

        Raises:
            StoreError: when the file cannot be written.
        """
        if rows:
            with self.writing() as database:
                database.executemany(query, rows)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that writes, and name the state as another one.

        Raises:
            StoreError: when the file cannot be written.
        """
        try:
            with closing(self._open()) as database:
                database.execute("PRAGMA journal_mode = WAL")
                database.executescript(_SCHEMA)
                database.execute("BEGIN IMMEDIATE")
                with database:
                    name = token_hex(4)
                    database.execute("INSERT OR IGNORE INTO state VALUES (1, ?, 0)", (name,))
                    yield database
                    database.execute("UPDATE state SET version = version + 1")
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be written: {error}") from error

    def wipe(self) -> None:
        """Take out of the file what was deleted or overwritten: earlier pages hold what they held.

        Raises:
            StoreError: when another process holds the file.
        """
        try:
            with closing(self._open()) as database:
                database.execute("VACUUM")
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be written: {error}") from error

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
        database.row_factory = sqlite3.Row
        return database

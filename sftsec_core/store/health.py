"""What a store is, and what the database itself finds wrong with it; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from sftsec_core.store import dialects
from sftsec_core.store.copying import rows_in
from sftsec_core.store.migrations import HEAD, current_revision
from sftsec_core.store.moved import mark_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from sftsec_core.store.database import Database
    from sftsec_core.store.moved import Mark

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Look:
    """A store as it lies, whatever its version.

    Attributes:
        place: its URL, without the password.
        revision: of its schema; None where it has none yet.
        mark: of a store that was moved; None for one in its place.
    """

    place: str
    revision: str | None
    mark: Mark | None

    @property
    def current(self) -> bool:
        """Whether this version of sftsec needs no migration."""
        return self.revision == HEAD


def look_at(url: str) -> Look:
    """Look at a store without making or migrating it.

    Raises:
        StoreError: when it cannot be opened.
    """
    parsed = dialects.read_url(url)
    place = dialects.hidden(parsed)
    if dialects.is_absent(parsed):
        return Look(place, None, None)
    engine = dialects.create(parsed)
    try:
        with dialects.store_errors(parsed), engine.begin() as connection:
            return Look(place, current_revision(connection), mark_of(connection))
    finally:
        engine.dispose()


class Health:
    """Asks the database how it is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def damage(self) -> list[str]:
        """Return what the database finds damaged, a line each, twenty at most."""
        with self._database.reading() as connection:
            if connection.dialect.name == "sqlite":
                return _sqlite_damage(connection)
            return _invalid_indexes(connection)

    def bytes(self) -> int:
        """Return how much room the database takes, in bytes."""
        with self._database.reading() as connection:
            if connection.dialect.name == "sqlite":
                pages = connection.execute(text("PRAGMA page_count")).scalar_one()
                return int(pages * connection.execute(text("PRAGMA page_size")).scalar_one())
            size = text("SELECT pg_database_size(current_database())")
            return int(connection.execute(size).scalar_one())

    def rows(self) -> Mapping[str, int]:
        """Count the rows of each table."""
        with self._database.reading() as connection:
            return rows_in(connection)


def _sqlite_damage(connection: Connection) -> list[str]:
    pages = connection.execute(text(f"PRAGMA integrity_check({_SHOWN})")).scalars().all()
    found = [] if pages == ["ok"] else [" ".join(str(line).split()) for line in pages]
    lost = connection.execute(text("PRAGMA foreign_key_check")).all()
    return [*found, *map(_unmatched, lost)][:_SHOWN]


def _unmatched(row: Any) -> str:  # noqa: ANN401 - table, rowid, parent, number of the key
    return f"a row of {row[0]} names a row of {row[2]} that is not there"


def _invalid_indexes(connection: Connection) -> list[str]:
    """PostgreSQL holds foreign keys itself; a failed rebuild leaves an index invalid."""
    invalid = text(
        "SELECT i.indexrelid::regclass::text FROM pg_index i "
        "JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE NOT i.indisvalid AND pg_table_is_visible(c.oid)"
    )
    names = connection.execute(invalid).scalars().all()
    return [f"index {name} is invalid: REINDEX INDEX {name}" for name in names][:_SHOWN]

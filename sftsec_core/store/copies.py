"""Copies of a store in a file, as a backup has them, and a store filled from one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import URL

from sftsec_core.api.errors import StoreError
from sftsec_core.store import dialects
from sftsec_core.store.copying import copy_rows, is_empty, tables_of
from sftsec_core.store.database import Database
from sftsec_core.store.migrations import HEAD, current_revision, migrate, refuse_newer
from sftsec_core.store.moved import refuse_moved
from sftsec_core.store.tables import metadata

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.store.audit import AuditLog
    from sftsec_core.store.copying import TableSum


class Copies:
    """Writes a store's rows into a file, and reads them from one."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    def write(self, file: Path) -> dict[str, TableSum]:
        """Copy the store as it is at one moment into a SQLite file; others write meanwhile.

        Raises:
            StoreError: when the file cannot be written.
        """
        target = Database(_url(file), self._database.clock)
        try:
            with self._database.reading() as here, target.writing() as there:
                return copy_rows(here, there)
        finally:
            target.close()

    def read(self, file: Path, origin: str, *, replace: bool = False) -> dict[str, TableSum]:
        """Fill the store from a SQLite file, in one transaction; an older one is migrated first.

        Args:
            file: the copy.
            origin: where it came from, for the audit log.
            replace: remove what the store holds.

        Raises:
            StoreError: when the store holds data and `replace` is not given, or a newer sftsec
                wrote the copy.
        """
        source = Database(_url(file), self._database.clock)
        try:
            with source.reading() as here, self._database.writing() as there:
                dialects.lock_tables(there, list(metadata.tables))
                refuse_moved(there)
                if not replace and not is_empty(there):
                    place = dialects.hidden(self._database.url)
                    raise StoreError(f"{place} holds data: --force replaces all of it")
                copied = copy_rows(here, there)
                self._audit.append("store.restored", origin, joined=there)
        finally:
            source.close()
        return copied

    def is_empty(self) -> bool:
        """Whether nothing was written to the store since it was made."""
        with self._database.reading() as connection:
            return is_empty(connection)


def copy_as_it_is(url: str, file: Path) -> dict[str, TableSum]:
    """Copy a store of an earlier version into a SQLite file of that version.

    Raises:
        StoreError: when the store cannot be read, or is of a newer version.
    """
    place, target = dialects.read_url(url), dialects.create(_url(file))
    source = dialects.create(place)
    try:
        with (
            dialects.store_errors(place),
            dialects.reader_of(source).begin() as here,
            dialects.writer_of(target).begin() as there,
        ):
            revision = current_revision(here) or HEAD
            refuse_newer(here)
            migrate(there, to=revision)
            return copy_rows(here, there, tables_of(here))
    finally:
        source.dispose()
        target.dispose()


def _url(file: Path) -> URL:
    return URL.create("sqlite", database=str(file))

"""Moves a store to another database, so that at any moment exactly one of the two counts.

    lock this store       writers wait, up to their own time limit
    fill the other        committed with the mark "arriving": it cannot be opened yet
    mark this as moved    from this commit on the other one counts, and this one refuses writes
    finish the other      it can be opened

A kill before the third commit leaves this store as it was, and the next call fills the other one
again; a kill after it is finished by the next call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.errors import StoreError
from sftsec_core.store import dialects
from sftsec_core.store.copying import copy_rows, is_empty, rows_in
from sftsec_core.store.moved import (
    ARRIVING,
    MOVED,
    Mark,
    mark_arriving,
    mark_moved,
    mark_of,
    refuse_moved,
    unmark,
)
from sftsec_core.store.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from sftsec_core.store.audit import AuditLog
    from sftsec_core.store.copying import TableSum
    from sftsec_core.store.database import Database


class Moving:
    """Moves one store to another."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    @property
    def place(self) -> str:
        """The store's URL, without its password."""
        return dialects.hidden(self._database.url)

    def mark(self) -> Mark | None:
        """Return the store's mark; None where it is in its place."""
        with self._database.reading() as connection:
            return mark_of(connection)

    def check_in_place(self) -> None:
        """Let a process that reads for a long time know when the store has moved meanwhile.

        Raises:
            StoreMovedError: when it was moved to another place.
        """
        with self._database.reading() as connection:
            refuse_moved(connection)

    def rows(self) -> dict[str, int]:
        """Count the rows of each table."""
        with self._database.reading() as connection:
            return rows_in(connection)

    def check_target(self, target: Moving, *, replace_moved: bool = False) -> None:
        """Let a target pass that this store can be moved to.

        Args:
            target: the other store, opened whatever its mark says.
            replace_moved: whether it may hold what was moved away from it.

        Raises:
            StoreError: when it is this store, or holds anything else.
        """
        if dialects.same_place(self._database.url, target._database.url):
            raise StoreError(f"{self.place} is where the store is already")
        with target._database.reading() as connection:
            self._check(connection, target, replace_moved=replace_moved)

    def move_to(self, target: Moving, *, replace_moved: bool = False) -> dict[str, TableSum]:
        """Copy everything to another store, and mark this one as moved.

        Args:
            target: the other store, opened whatever its mark says.
            replace_moved: empty it first where it is a store that was moved away.

        Returns:
            What was copied, by table, as it was found in both.

        Raises:
            StoreError: when a process holds one of them for longer than half a minute, or the
                target holds data.
            IntegrityError: when the copy is not the same.
        """
        self.check_target(target, replace_moved=replace_moved)
        tables = list(metadata.tables)
        with self._database.writing() as here:
            dialects.lock_tables(here, tables)
            self._audit.append("store.moved", target.place, {"from": self.place}, joined=here)
            copied = self._fill(here, target, replace_moved=replace_moved)
            mark_moved(here, target.place, self._database.clock())
        self.finish(target)
        return copied

    def finish(self, target: Moving) -> None:
        """Let the target of a move be opened; without effect where it can be.

        Raises:
            StoreError: when this store was not moved there.
        """
        mark = self.mark()
        if mark is None or mark.state != MOVED or mark.place != target.place:
            raise StoreError(f"{self.place} was not moved to {target.place}")
        with target._database.writing() as there:
            found = mark_of(there)
            if found is not None and found.state == ARRIVING and found.place == self.place:
                unmark(there)

    def _fill(
        self, here: Connection, target: Moving, *, replace_moved: bool
    ) -> dict[str, TableSum]:
        with target._database.writing() as there:
            dialects.lock_tables(there, list(metadata.tables))
            self._check(there, target, replace_moved=replace_moved)
            unmark(there)
            copied = copy_rows(here, there)
            mark_arriving(there, self.place, self._database.clock())
        return copied

    def _check(self, there: Connection, target: Moving, *, replace_moved: bool) -> None:
        mark = mark_of(there)
        if mark is None:
            if not is_empty(there):
                raise StoreError(f"{target.place} holds data: name a database that is empty")
        elif mark.state == MOVED and not replace_moved:
            raise StoreError(
                f"{target.place} holds what was moved from it to {mark.place}: --replace-moved "
                "empties it first"
            )
        elif mark.state == ARRIVING and mark.place != self.place:
            raise StoreError(
                f"a move from {mark.place} to {target.place} was not finished: finish it, or name "
                "another database"
            )

"""The open database: short transactions, brought up to date, errors in one line."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from sftsec_core.api.errors import StoreError
from sftsec_core.store import dialects
from sftsec_core.store.fencing import Fences
from sftsec_core.store.migrations import HEAD, current_revision, migrate
from sftsec_core.store.sealed_columns import give_vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy import URL

    from sftsec_core.store.vault import Vault


class Database:
    """An engine that is connected, migrated and asked through `reading` and `writing`.

    Attributes:
        url: where it is; printing it hides the password.
        clock: gives the present moment (UTC).
        engine: for what is no transaction.
        fences: the runs that this process holds, which every write depends on.
    """

    def __init__(self, url: URL, clock: Callable[[], datetime], vault: Vault | None = None) -> None:
        """Connect and migrate.

        Args:
            url: where it is.
            clock: gives the present moment (UTC).
            vault: the keys of an encrypted state.

        Raises:
            StoreError: when that is not possible.
        """
        self.url = url
        self.clock = clock
        self.fences = Fences()
        self.engine = dialects.create(url)
        give_vault(self.engine, vault)
        self._writer = dialects.writer_of(self.engine)
        self._reader = dialects.reader_of(self.engine)
        try:
            with dialects.store_errors(url):
                self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        read_only = dialects.is_read_only(self.url)
        if not read_only:
            dialects.enable_wal(self.engine)
        with self._reader.begin() as connection:
            if current_revision(connection) == HEAD:
                return
        if read_only:
            raise StoreError(
                f"{dialects.hidden(self.url)} is of an earlier version and cannot be written: run "
                "sftsec once as a user who may"
            )
        with self._writer.begin() as connection:
            dialects.lock_for_migration(connection)
            migrate(connection)

    def use_vault(self, vault: Vault) -> None:
        """Encrypt with other keys from now on; they must hold those used before."""
        give_vault(self.engine, vault)

    def writing(
        self, joined: Connection | None = None, *, fenced: bool = True
    ) -> AbstractContextManager[Connection]:
        """Open a transaction that writes; committed at its end, rolled back by an exception.

        Keep it short: on SQLite nobody else writes meanwhile.

        Args:
            joined: a transaction to take part in, instead of a new one.
            fenced: False for a statement on a run that names its holder itself. Two transactions
                that both share the lock on a row and then both change it would wait for each other.

        Raises:
            LeaseLostError: when a run that this process holds is another process's now.
            StoreError: for whatever the database raises.
        """
        if joined is not None:
            return nullcontext(joined)
        return self._begin(write=True, fenced=fenced)

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that reads one consistent snapshot.

        Raises:
            StoreError: for whatever the database raises.
        """
        return self._begin(write=False)

    @contextmanager
    def _begin(self, *, write: bool, fenced: bool = False) -> Iterator[Connection]:
        engine = self._writer if write else self._reader
        with dialects.store_errors(self.url), engine.begin() as connection:
            if fenced:
                self.fences.check(connection)
            yield connection

    def close(self) -> None:
        """Let go of all connections; may be called twice."""
        self.engine.dispose()

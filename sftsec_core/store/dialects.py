"""Everything that differs between SQLite and PostgreSQL.

SQLite runs in WAL mode: one writer and any number of readers at once. A writer takes the write
lock when it begins (`BEGIN IMMEDIATE`): a transaction that reads first and asks for the lock
later fails at once with "database is locked" when another wrote in between, however long the
timeout. `synchronous=FULL` syncs the log at every commit: a promotion or a receipt that was
reported survives a power cut, and since transactions hold a page, not a row, it costs a few
milliseconds a page. WAL needs shared memory: the file must lie on a local disk, not on NFS.

Readers see one consistent snapshot on both databases (PostgreSQL: REPEATABLE READ).
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import (
    ArgumentError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import QueuePool

from sftsec_core.api.errors import StoreError, StoreMovedError
from sftsec_core.store.scrub import HIDDEN, hide_url_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.dialects import postgresql
    from sqlalchemy.engine.interfaces import ExceptionContext

BUSY_SECONDS = 30.0
# Enough for the indexes of a few hundred thousand verdicts; SQLite's own 2 MB make bulk inserts
# read pages back again and again.
_CACHE_KIB = 32 * 1024
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
# Any number will do, as long as every sftsec asks for the same.
_MIGRATION_LOCK = 0x5F75EC
_CLAIM_LOCK = _MIGRATION_LOCK + 1
_LOCK_NOT_AVAILABLE = "55P03"
_POSTGRESQL_PORT = 5432
# What the triggers of a store that was moved say (`moved.py`); PostgreSQL adds where it was said.
_MOVED = re.compile(r"this store was moved to .*: set state\.url to it")


def read_url(url: str) -> URL:
    """Read a database URL.

    Raises:
        StoreError: when it is none, or is of a database that is not supported. The message
            does not repeat the URL: it may hold a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    backend = parsed.get_backend_name() if parsed else ""
    if parsed is None or backend not in _DRIVERS:
        raise StoreError(
            "state.url is not the address of a supported database: write "
            "sqlite:////folder/sftsec.db or postgresql://user:password@host/database"
        )
    # Without a driver SQLAlchemy 2.0 would look for psycopg2; ours is psycopg 3.
    return parsed.set(drivername=_DRIVERS[backend]) if parsed.drivername == backend else parsed


def absolute(url: str) -> str:
    """Write a URL so that it means the same from every working folder.

    Raises:
        StoreError: as `read_url`.
    """
    parsed = read_url(url)
    path = parsed.database
    if parsed.get_backend_name() != "sqlite" or not path or path == ":memory:":
        return url
    return parsed.set(database=os.path.abspath(path)).render_as_string(hide_password=False)  # noqa: PTH100 - Path keeps dots


def create(url: URL) -> Engine:
    """Make the engine of a URL; connects to nothing yet.

    Raises:
        StoreError: when the database's driver is not installed.
    """
    try:
        if url.get_backend_name() == "sqlite":
            engine = _create_sqlite(url)
        else:
            # Parameters hold incidents' data: they have no place in an error message.
            engine = create_engine(url, hide_parameters=True, pool_pre_ping=True)
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError(
            f"the driver of {url.drivername} is not installed: pip install 'sftsec[postgresql]'"
        ) from error
    event.listen(engine, "handle_error", _tell_moved)
    return engine


def _tell_moved(context: ExceptionContext) -> None:
    """Tell what the triggers of a store that was moved say from any other broken constraint."""
    if found := _MOVED.search(str(context.original_exception)):
        raise StoreMovedError(found[0])


def _create_sqlite(url: URL) -> Engine:
    if is_read_only(url):
        return _open_read_only(str(url.database))
    _create_private_file(url)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # Python's driver begins transactions by itself, too late and never IMMEDIATE.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def is_read_only(url: URL) -> bool:
    """Whether a store is there that this user may read and not write."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return False
    path = Path(url.database)
    return path.is_file() and not (_writable(path) and _writable(path.parent))


def is_absent(url: URL) -> bool:
    """Whether a URL names a SQLite file that is not there yet."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return False
    return not Path(url.database).exists()


def _writable(path: Path) -> bool:
    # A mount that is read-only refuses root too, as `access` says and the mode does not.
    return os.access(path, os.W_OK)


def _open_read_only(path: str) -> Engine:
    """Open a file that cannot be written; what is written to it raises StoreError.

    Without a write-ahead log beside it nobody writes, and SQLite need not lock: it could not
    make the files that locking takes. With one, those files are there.
    """
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    address = f"file:{quote(path)}?{mode}"
    return create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(
            address, uri=True, timeout=BUSY_SECONDS, check_same_thread=False
        ),
        poolclass=QueuePool,
        hide_parameters=True,
    )


def _create_private_file(url: URL) -> None:
    """Create the file readable by its owner only: it holds verdicts and (redacted) incidents."""
    if not url.database or url.database == ":memory:":
        return
    path = Path(url.database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Only where there is none: closing any descriptor of the file drops the locks that this
        # process's other connections hold, and another process may then remove their WAL.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError as error:
        if not path.is_file():
            raise StoreError(f"cannot open the store {path}: it is no file") from error
    except OSError as error:
        raise StoreError(f"cannot open the store {path}: {error.strerror or error}") from error


def writer_of(engine: Engine) -> Engine:
    """Return the engine for transactions that write."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(sqlite_begin="IMMEDIATE")
    return engine


def reader_of(engine: Engine) -> Engine:
    """Return the engine for transactions that only read, each from one snapshot."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ")


def enable_wal(engine: Engine) -> None:
    """Put a SQLite file into WAL mode; it stays so for everyone."""
    if engine.dialect.name != "sqlite":
        return
    deadline = time.monotonic() + BUSY_SECONDS
    raw = engine.raw_connection()
    try:
        cursor: Any = raw.cursor()
        while True:
            try:
                cursor.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                # Here SQLite does not wait by itself: two processes that both open a fresh
                # file meet each other's lock at once.
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return
    finally:
        raw.close()


def forget_deleted(engine: Engine) -> None:
    """Write the database's files again, without what was deleted or overwritten in them.

    PostgreSQL's write-ahead log and its archive keep old rows until the server recycles them.

    Raises:
        StoreError: when another process holds them.
    """
    if engine.dialect.name != "sqlite":
        _rewrite_tables(engine)
        return
    raw = engine.raw_connection()
    try:
        with store_errors(engine.url):
            cursor: Any = raw.cursor()
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        raw.close()


def _rewrite_tables(engine: Engine) -> None:
    """Have PostgreSQL write each table again; it keeps the space of old rows otherwise.

    Raises:
        StoreError: when a table is held for longer than a minute.
    """
    with store_errors(engine.url), engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("SET lock_timeout = '60s'"))
        try:
            for name in inspect(connection).get_table_names():
                quoted = connection.dialect.identifier_preparer.quote(name)
                connection.execute(text(f"VACUUM (FULL) {quoted}"))
        finally:
            connection.execute(text("RESET lock_timeout"))


def lock_for_migration(connection: Connection) -> None:
    """Let one process at a time migrate; the lock ends with the transaction.

    On SQLite the transaction itself is the lock (`BEGIN IMMEDIATE`).
    """
    _lock_for(connection, _MIGRATION_LOCK)


def lock_for_claims(connection: Connection) -> None:
    """Let one worker at a time choose a run; as `lock_for_migration`."""
    _lock_for(connection, _CLAIM_LOCK)


def _lock_for(connection: Connection, key: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def lock_table(connection: Connection, table: Table) -> None:
    """Let one transaction at a time write to a table; others may read it.

    On SQLite every transaction that writes has locked the file already.
    """
    if connection.dialect.name == "postgresql":
        name = connection.dialect.identifier_preparer.format_table(table)
        connection.execute(text(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE"))


def lock_tables(connection: Connection, names: Sequence[str]) -> None:
    """Let nobody else write until the transaction ends; waits for those that do.

    On SQLite the transaction itself is the lock. On PostgreSQL all tables are locked or none: one
    that waited for the next would meet a writer that waits for the first.

    Raises:
        StoreError: when they are not free within half a minute.
    """
    if connection.dialect.name != "postgresql":
        return
    tables = ", ".join(f'"{name}"' for name in names)
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(f"LOCK TABLE {tables} IN EXCLUSIVE MODE NOWAIT")
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != _LOCK_NOT_AVAILABLE:
                raise
            if time.monotonic() > deadline:
                raise StoreError(
                    f"other processes write to the store without a pause of {BUSY_SECONDS:.0f} s: "
                    "stop some of them and run again"
                ) from error
            time.sleep(0.02)
        else:
            return


def same_place(one: URL, other: URL) -> bool:
    """Whether two URLs name one database, as far as the URLs tell."""

    def where(url: URL) -> tuple[object, ...]:
        if url.get_backend_name() == "sqlite":
            return ("sqlite", os.path.realpath(url.database or ""))
        return ("postgresql", url.host, url.port or _POSTGRESQL_PORT, url.database)

    return where(one) == where(other)


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return the INSERT of this connection's database, which knows ON CONFLICT on both."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows, leave those that are there already as they are, and count the new ones."""
    if not rows:
        return 0
    statement = insert_into(connection, table).on_conflict_do_nothing()
    # Without the option SQLAlchemy forgets the count on PostgreSQL.
    counted = statement.execution_options(preserve_rowcount=True)
    return max(0, connection.execute(counted, list(rows)).rowcount)


@contextmanager
def store_errors(url: URL) -> Iterator[None]:
    """Turn what the database raises into a StoreError of one line, without the password."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = getattr(error, "orig", None) or error
        reason = hide_url_passwords(" ".join(str(cause).split()))
        if url.password:
            reason = reason.replace(str(url.password), HIDDEN)
        raise StoreError(f"{hidden(url)}: {reason}{_what_to_do(reason)}") from error


def hidden(url: URL) -> str:
    """Write a URL without its password, and without options, which may hold another."""
    return url.set(query={}).render_as_string(hide_password=True)


def _what_to_do(reason: str) -> str:
    for sign, advice in (
        ("locked", "another process holds the store; try again when it has finished"),
        ("not a database", "the file is damaged or not a store; restore a copy or move it away"),
        ("malformed", "the file is damaged; restore a copy"),
        ("readonly", "give this user the right to write to the file and its folder"),
        ("disk is full", "make room and run again"),
        ("onnect", "see that the database runs and that state.url is right"),
    ):
        if sign in reason:
            return f" ({advice})"
    return ""

"""A real PostgreSQL for tests: one server a session, one fresh database a test.

`SFTSEC_TEST_POSTGRESQL_URL` names a running server instead (its user must be allowed to create
databases). The server that is started here listens on loopback and on a socket in its own
folder, keeps nothing (its files are in memory where there is room), and is stopped by its
process id.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from sftsec_core.store.store import Store
from tests.needs import need
from tests.servers.memory import memory_folder

_NOBODY = 65534
_PATIENCE_S = 30
_HOW = (
    "install PostgreSQL (apt-get install postgresql) and pip install 'sftsec[postgresql]', "
    "or set SFTSEC_TEST_POSTGRESQL_URL"
)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a server on which databases may be created."""
    need(find_spec("psycopg"), _HOW)
    given = os.environ.get("SFTSEC_TEST_POSTGRESQL_URL")
    if given:
        yield make_url(given).set(drivername="postgresql+psycopg").render_as_string(False)
        return
    with _server(need(_binaries(), _HOW)) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of an empty database of the test's own."""
    with _database(postgres_server, "template1") as url:
        yield url


@pytest.fixture
def postgres_store_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The address of a database of the test's own that holds an empty store."""
    with _database(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a database that holds an empty store, migrated once for all tests."""
    with _database(postgres_server, "template1") as url:
        Store.open(url, folder=tmp_path_factory.mktemp("template")).close()
        yield make_url(url).database or ""


def _binaries() -> Path | None:
    """The folder of the newest installed server."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(installed, key=lambda path: int(path.parent.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    found = [*newest, *([Path(on_path)] if on_path else [])]
    return found[0].parent if found else None


@contextmanager
def _database(server: str, template: str) -> Iterator[str]:
    """The address of a new copy of a database, which is dropped afterwards."""
    name = f"test_{uuid4().hex[:12]}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield make_url(server).set(database=name).render_as_string(False)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _server(binaries: Path) -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="sftsec-postgres-", dir=memory_folder()))
    # PostgreSQL refuses to run as root.
    as_user: list[str] = []
    if os.geteuid() == 0:
        os.chown(folder, _NOBODY, _NOBODY)
        as_user = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    data, port = folder / "data", _free_port()
    initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "sftsec", "-E", "UTF8"]
    subprocess.run(
        [*as_user, *initdb, "--auth=trust", "--no-sync", "--no-locale"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    options = {"port": port, "listen_addresses": "127.0.0.1", "fsync": "off"}
    options |= {"unix_socket_directories": folder, "max_connections": 50, "max_wal_size": "64MB"}
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    command = [*as_user, str(binaries / "postgres"), "-D", str(data), *flags]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            url = f"postgresql+psycopg://sftsec@127.0.0.1:{port}/postgres"
            _wait(url, process, folder / "log")
            yield url
        finally:
            process.send_signal(signal.SIGINT)  # its "fast" shutdown
            process.wait(timeout=_PATIENCE_S)
            shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            _administer(url, "SELECT 1")
        except OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL did not start:\n{log.read_text()}", pytrace=False)
            time.sleep(0.1)
        else:
            return


def _administer(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

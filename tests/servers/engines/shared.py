"""One engine for all processes of a test session, however many workers it has.

A keeper of its own starts the engine and ends it when the last process of the session has let go
of a file's lock. The kernel lets go for a process that dies, so no count can go wrong.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.servers.engines.cache import locked
from tests.servers.engines.server import SearchServer

_ROOT = Path(__file__).resolve().parents[3]
_KEEPERS: list[subprocess.Popen[bytes]] = []  # they outlive the fixture that started them


@contextmanager
def shared_engine(kind: str, session: Path) -> Iterator[SearchServer]:
    """The engine of that kind (see the keeper) for all who name the same folder.

    Whoever comes first starts it.
    """
    folder = session / f"engine-{kind}"
    folder.mkdir(exist_ok=True)
    with ExitStack() as use:
        with locked(folder / "turn"):
            use.enter_context(locked(folder / "users", fcntl.LOCK_SH))
            if not (folder / "server.json").exists():
                _start(kind, folder)
            server = _published(folder)
        yield server


def session_folder(paths: pytest.TempPathFactory) -> Path:
    """The folder that all workers of this session have in common."""
    base = paths.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def publish(server: SearchServer, folder: Path) -> None:
    """Tell the session where the server is, all at once."""
    told = asdict(SearchServer(server.url, server.username, server.password, server.ca_file))
    (folder / "half").write_text(json.dumps(told, default=str))
    (folder / "half").rename(folder / "server.json")


def keep_until_unused(folder: Path) -> None:
    """Return when no process of the session uses the engine, and let none begin to."""
    with locked(folder / "users"):
        (folder / "server.json").unlink()


def _published(folder: Path) -> SearchServer:
    told = json.loads((folder / "server.json").read_text())
    ca_file = told.pop("ca_file")
    return SearchServer(**told, ca_file=Path(ca_file) if ca_file else None)


def _start(kind: str, folder: Path) -> None:
    command = [sys.executable, "-m", "tests.servers.engines.keeper", kind, str(folder)]
    log = folder / "log"
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            command,
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for pytest; the keeper ends after it
        )
    _KEEPERS.append(keeper)
    while not (folder / "server.json").exists():
        if keeper.poll() is not None:
            pytest.fail(f"{kind} did not start:\n{log.read_text()[-8000:]}", pytrace=False)
        time.sleep(0.1)

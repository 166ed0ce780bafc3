"""The two files in the docstring of `sftsec_core.api.contracts` are a connector that is right."""

from __future__ import annotations

import re
import sqlite3
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api import contracts
from sftsec_core.api.contracts import ConnectorSpec
from sftsec_core.api.domain import Detection, Incident, Verdict
from sftsec_core.testing import ConnectorContract, Platform, PluginContract, StoredDetection

TABLES = """
CREATE TABLE tickets (number INTEGER PRIMARY KEY, id TEXT, at TEXT, message TEXT, host, user);
CREATE TABLE verdicts (about TEXT, value TEXT, analyst TEXT, at TEXT);
CREATE TABLE detections (uid TEXT PRIMARY KEY, ticket TEXT, label TEXT, probability REAL);
CREATE TABLE requests (ticket TEXT PRIMARY KEY);
"""
_FILE = re.compile(r"^    # (tickets/\w+\.py)\n", re.MULTILINE)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Write the files as an author would, and make them importable."""
    folder = tmp_path_factory.mktemp("author")
    code, _, _ = str(contracts.__doc__).partition("\nand an entry point")
    _, *parts = _FILE.split(code)
    files = dict(zip(parts[::2], parts[1::2], strict=True))
    assert list(files) == ["tickets/hooks.py", "tickets/connector.py"]
    (folder / "tickets").mkdir()
    (folder / "tickets" / "__init__.py").touch()
    for name, text in files.items():
        (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", str(folder))
        yield
        for name in [each for each in sys.modules if each.partition(".")[0] == "tickets"]:
            del sys.modules[name]


class TicketPlatform(Platform):
    """The database; while it is away it has another name."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "tickets.db"
        with closing(sqlite3.connect(self.path)) as database:
            database.executescript(TABLES)

    def spec(self) -> ConnectorSpec[Any]:
        spec: ConnectorSpec[Any] = import_module("tickets.hooks").sftsec_register_connectors()[0]
        return spec

    def options(self) -> Mapping[str, Any]:
        return {"path": str(self.path), "page_size": self.page_size}

    def fill(self, incidents: Sequence[Incident]) -> None:
        rows, said = [], []
        for each in incidents:
            assert each.at is not None
            values = (each.fields[name] for name in ("message", "host.name", "user.name"))
            rows.append((each.uid, each.at.isoformat(), *values))
            said += [self._said(each.uid, verdict) for verdict in each.verdicts]
        self._do("INSERT INTO tickets (id, at, message, host, user) VALUES (?, ?, ?, ?, ?)", rows)
        self._do("INSERT INTO verdicts VALUES (?, ?, ?, ?)", said)

    def pushed(self) -> Sequence[StoredDetection]:
        return [StoredDetection(*row) for row in self._read("SELECT * FROM detections")]

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        away = self.path.rename(self.folder / "away.db")
        try:
            yield
        finally:
            away.rename(self.path)

    def remove(self, uid: str) -> None:
        self._do("DELETE FROM tickets WHERE id = ?", [(uid,)])

    def add_verdict(self, uid: str, verdict: Verdict) -> None:
        self._do("INSERT INTO verdicts VALUES (?, ?, ?, ?)", [self._said(uid, verdict)])

    def add_detection_verdict(self, detection: Detection, verdict: Verdict) -> None:
        self.add_verdict(detection.uid, verdict)

    def requested(self) -> Sequence[str]:
        return [ticket for (ticket,) in self._read("SELECT * FROM requests")]

    def _said(self, uid: str, verdict: Verdict) -> tuple[object, ...]:
        at = verdict.at.isoformat() if verdict.at else None
        return (uid, verdict.value, verdict.analyst, at)

    def _do(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        with closing(sqlite3.connect(self.path)) as database, database:
            database.executemany(statement, rows)

    def _read(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self.path)) as database:
            return database.execute(statement).fetchall()


@pytest.mark.usefixtures("package")
class TestTicketsPlugin(PluginContract):
    """The hooks."""

    def plugin(self) -> Any:
        return import_module("tickets.hooks")


@pytest.mark.usefixtures("package")
class TestTicketsConnector(ConnectorContract):
    """The connector."""

    @pytest.fixture(scope="class")
    @classmethod
    def new_platform(cls, package: None) -> Callable[[Path], Platform]:
        return TicketPlatform

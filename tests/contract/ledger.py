"""A small platform in an SQLite file, and a right connector to it: the base of the wrong ones.

The file is the server: it outlives a connector and a process, says what it handed out, refuses
what it does not take, and is away while a file `away` stands beside it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from sftsec_core.api.contracts import ConnectorContext, ConnectorSpec
from sftsec_core.api.domain import (
    Detection,
    Incident,
    IncidentPage,
    LabelRequest,
    PullWindow,
    PushReceipt,
    Rejection,
    Verdict,
)
from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.api.settings.secrets import SecretRef
from sftsec_core.testing import Platform, StoredDetection

TOKEN = "correct-horse-battery-staple"
_TABLES = """
CREATE TABLE records (seq INTEGER PRIMARY KEY, uid TEXT, kind TEXT, at TEXT, body TEXT);
CREATE TABLE verdicts (seq INTEGER PRIMARY KEY, uid TEXT, value TEXT, analyst TEXT, at TEXT);
CREATE TABLE requests (uid TEXT);
CREATE TABLE served (records INTEGER);
INSERT INTO served VALUES (0);
"""


_VERDICTS = """
SELECT * FROM verdicts WHERE uid = ? OR uid IN (
  SELECT uid FROM records WHERE kind = 'detection' AND body ->> '$.incident' = ?
) ORDER BY at, seq
"""


class RefusedError(Exception):
    """The ledger does not take a record."""


@dataclass(frozen=True)
class Row:
    """A record as the ledger hands it out, with its verdicts."""

    seq: int
    uid: str
    kind: str
    at: str
    body: Mapping[str, Any]
    verdicts: tuple[Verdict, ...] = ()


class Ledger:
    """A connection to the file, as a vendor's client would be."""

    def __init__(self, folder: Path, token: str) -> None:
        self.folder = folder
        self.token = token
        self._database: sqlite3.Connection | None = None

    def select(self, where: str, values: Sequence[object], *, limit: int = -1) -> list[Row]:
        """Hand out records; `where` may go on with ORDER BY."""
        query = f"SELECT * FROM records WHERE {where} LIMIT ?"  # noqa: S608 - written in the tests
        found = self._call(query, (*values, limit))
        self._call("UPDATE served SET records = records + ?", (len(found),))
        return [self._row(*each) for each in found]

    def insert(self, uid: str, kind: str, at: str, body: Mapping[str, Any]) -> None:
        """Write a record.

        Raises:
            RefusedError: for a record with an address that is none.
        """
        if "nowhere" in str(body.get("source.ip")):
            raise RefusedError("source.ip is no address")
        values = (uid, kind, at, json.dumps(body))
        self._call("INSERT INTO records (uid, kind, at, body) VALUES (?, ?, ?, ?)", values)

    def exists(self, uid: str) -> bool:
        return bool(self._call("SELECT 1 FROM records WHERE uid = ?", (uid,)))

    def ask(self, uid: str) -> None:
        self._call("INSERT INTO requests VALUES (?)", (uid,))

    def asked(self) -> list[str]:
        return [uid for (uid,) in self._call("SELECT uid FROM requests", ())]

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _row(self, seq: int, uid: str, kind: str, at: str, body: str) -> Row:
        said = self._call(_VERDICTS, (uid, uid))
        verdicts = (Verdict(value, by, datetime.fromisoformat(on)) for _, _, value, by, on in said)
        return Row(seq, uid, kind, at, json.loads(body), tuple(verdicts))

    def _call(self, statement: str, values: Sequence[object]) -> list[Any]:
        if (self.folder / "away").exists():
            raise ConnectionRefusedError(111, "Connection refused")
        if self._database is None:
            self._database = _open(self.folder)
        return self._database.execute(statement, values).fetchall()


def _open(folder: Path) -> sqlite3.Connection:
    database = sqlite3.connect(folder / "ledger.db", isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    return database


# --- the right connector ------------------------------------------------------------------------


class LedgerConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path
    token: SecretRef
    page_size: int = 100


class LedgerConnector:
    """A right connector; its cursor is the number of the last record that was read."""

    config_model: ClassVar[type[BaseModel]] = LedgerConfig

    def __init__(self, config: LedgerConfig, context: ConnectorContext) -> None:
        self.config = config
        self.context = context
        self.ledger = Ledger(config.folder, config.token.reveal())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.config.folder})"

    def check(self) -> Sequence[str]:
        with self.translated():
            self.ledger.asked()
        return []

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        after: Any = self.decode(cursor)
        while rows := self.rows(window, after):
            yield self.page(rows)
            after = rows[-1].seq

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        written, duplicates, rejected = [], [], []
        for each in detections:
            with self.translated():
                if self.ledger.exists(each.uid):
                    duplicates.append(each.uid)
                    continue
                try:
                    self.write(each)
                    written.append(each.uid)
                except RefusedError as error:
                    rejected.append((each.uid, str(error)))
        return PushReceipt(tuple(written), tuple(duplicates), tuple(rejected))

    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        with self.translated():
            before = self.ledger.asked()
            uids = dict.fromkeys(each.incident_uid for each in requests)
            new = [uid for uid in uids if uid not in before]
            for uid in new:
                self.ledger.ask(uid)
        return len(new)

    def close(self) -> None:
        self.ledger.close()

    # --- the parts that a wrong connector replaces

    def decode(self, cursor: str | None) -> Any:
        try:
            return int(cursor or 0)
        except ValueError:
            raise ConnectorError("the cursor is not one of a ledger") from None

    def rows(self, window: PullWindow, after: Any) -> list[Row]:
        """The next records behind a place: as many as a page holds."""
        where, values = self.condition(window)
        where += " AND seq > ? ORDER BY seq"
        with self.translated():
            return self.ledger.select(where, (*values, after), limit=self.config.page_size)

    def condition(self, window: PullWindow) -> tuple[str, list[object]]:
        judged = (
            "EXISTS (SELECT 1 FROM verdicts WHERE verdicts.uid = records.uid OR verdicts.uid IN "
            "(SELECT d.uid FROM records d WHERE d.body ->> '$.incident' = records.uid))"
        )
        where, values = "kind = 'incident'", list[object]()
        if window.labelled is not None:
            where += f" AND {judged}" if window.labelled else f" AND NOT {judged}"
        if window.since is not None:
            where, values = f"{where} AND at >= ?", [*values, window.since.isoformat()]
        if window.until is not None:
            where, values = f"{where} AND at < ?", [*values, window.until.isoformat()]
        return where, values

    def page(self, rows: Sequence[Row]) -> IncidentPage:
        incidents, rejected = [], []
        for row in rows:
            try:
                incidents.append(self.incident(row))
            except ValueError:
                rejected.append(Rejection(f"record {row.seq}", "its time is not in ISO 8601"))
        return IncidentPage(tuple(incidents), str(rows[-1].seq), tuple(rejected))

    def incident(self, row: Row) -> Incident:
        return Incident(row.uid, row.body, row.verdicts, datetime.fromisoformat(row.at))

    def write(self, detection: Detection) -> None:
        self.ledger.insert(detection.uid, "detection", str(detection.at), self.document(detection))

    def document(self, detection: Detection) -> dict[str, Any]:
        return {
            **detection.fields,
            "incident": detection.incident_uid,
            "label": detection.label,
            "probability": detection.probability,
        }

    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"{self.config.folder} does not answer: {error.strerror}"
            raise ConnectorUnavailableError(message) from error


# --- the platform -------------------------------------------------------------------------------


class LedgerPlatform(Platform):
    """Everything that a platform can offer the contract."""

    kind: ClassVar[type[LedgerConnector]] = LedgerConnector

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "token").write_text(TOKEN, encoding="utf-8")
        with closing(_open(folder)) as database:
            database.executescript(_TABLES)

    def spec(self) -> ConnectorSpec[Any]:
        return ConnectorSpec(
            name="ledger",
            summary="A ledger",
            config_model=self.kind.config_model,
            create=self.kind,
        )

    def options(self) -> Mapping[str, Any]:
        token = f"file:{self.folder / 'token'}"
        return {"folder": str(self.folder), "token": token, "page_size": self.page_size}

    def fill(self, incidents: Sequence[Incident]) -> None:
        with self._open() as ledger:
            for each in incidents:
                assert each.at is not None
                ledger.insert(each.uid, "incident", each.at.isoformat(), each.fields)
        for each in incidents:
            for verdict in each.verdicts:
                self.add_verdict(each.uid, verdict)

    def pushed(self) -> Sequence[StoredDetection]:
        with self._open() as ledger:
            rows = ledger.select("kind = 'detection'", ())
        return [
            StoredDetection(
                row.uid,
                str(row.body.get("incident")),
                row.body.get("label"),
                row.body.get("probability"),
            )
            for row in rows
        ]

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        away = self.folder / "away"
        away.touch()
        try:
            yield
        finally:
            away.unlink()

    def spoil(self) -> str:
        with self._open() as ledger:
            ledger.insert("spoilt", "incident", "hunter2 at noon", {})
        return "hunter2"

    def remove(self, uid: str) -> None:
        self._execute("DELETE FROM records WHERE uid = ?", uid)

    def add_verdict(self, uid: str, verdict: Verdict) -> None:
        at = verdict.at.isoformat() if verdict.at else ""
        values = (uid, verdict.value, verdict.analyst, at)
        self._execute("INSERT INTO verdicts (uid, value, analyst, at) VALUES (?, ?, ?, ?)", *values)

    def add_detection_verdict(self, detection: Detection, verdict: Verdict) -> None:
        self.add_verdict(detection.uid, verdict)

    def unwritable(self, detection: Detection) -> Detection:
        return replace(detection, fields={"source.ip": "nowhere"})

    def requested(self) -> Sequence[str]:
        with self._open() as ledger:
            return ledger.asked()

    def records_read(self) -> int:
        return int(self._execute("SELECT records FROM served")[0][0])

    def secrets(self) -> Sequence[str]:
        return [TOKEN]

    @contextmanager
    def _open(self) -> Iterator[Ledger]:
        with closing(Ledger(self.folder, TOKEN)) as ledger:
            yield ledger

    def _execute(self, statement: str, *values: object) -> list[Any]:
        with closing(_open(self.folder)) as database:
            return database.execute(statement, values).fetchall()

"""What the labelling page of `sftsec serve` shows: incidents that wait for a verdict, and verdicts.

A database of its own in the state folder, since it holds events (as the task's steps left them:
redacted) for as long as somebody is to read them: a judged incident is removed after 30 days.
Where the state is encrypted, so are the events, and who judged and why.

    queue = LabellingQueue(context.folder)
    queue.add("phishing", "mail", requests)
    first = queue.waiting(["phishing"], limit=50)
    rest = queue.waiting(["phishing"], after=first[-1].place)
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from sftsec_core.store.label_file import LabelFile
from sftsec_core.store.label_seals import SEALED, Seals

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.store.vault import Vault

FILE = "labelling.db"
# Whether an incident, by its connector and its uid, is to go.
Gone = Callable[[str, str], bool]
MOST_WAITING = 10_000
MOST_COPIES = 500
KEPT_S = 30 * 86400
_COUNTS = "kept = 1 AND retracted IS NULL"
_WAITS = f"settled IS NULL AND place NOT IN (SELECT place FROM verdicts WHERE {_COUNTS})"  # noqa: S608 - our own condition


@dataclass(frozen=True, slots=True)
class QueuedIncident:
    """An incident that waits for a verdict, with what an analyst is shown.

    Attributes:
        place: in the queue; the smallest is shown first.
        uid: the incident's.
        copies: uids of others with the same inputs: one verdict is for all of them.
        digest: of the inputs.
        label: the class that the model would decide on.
        probability: 0 to 1, of being an attack, or of `label` in a task without a benign class.
        reason: why the model asks.
        at: the event's time, seconds since 1970; None where it has none.
        requested: when it was asked for, seconds since 1970.
        fields: the event's, redacted; `bounded_fields` makes them.
        cut: names of fields that are cut, and the lengths that they had.
        explanation: what the model goes by, as `Explanation.to_json` gives it; None where unknown.
    """

    task: str
    connector: str
    uid: str
    digest: str
    label: str
    probability: float
    reason: str
    at: float | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    cut: Mapping[str, int] = field(default_factory=dict)
    explanation: Mapping[str, Any] | None = None
    copies: tuple[str, ...] = ()
    place: int = 0
    requested: float = 0.0

    @property
    def uids(self) -> tuple[str, ...]:
        """All incidents that a verdict is for."""
        return (self.uid, *self.copies)


@dataclass(frozen=True, slots=True)
class PageVerdict:
    """A verdict that was given on the page.

    Attributes:
        key: names it; the page's own, so that what is sent twice is one verdict.
        place: of the incident in the queue.
        uids: the incidents that it is for.
        label: of the task.
        value: the platform's word for it.
        at: when it was given, seconds since 1970.
        kept: whether the connector has it.
        retracted: when it was taken back, seconds since 1970.
    """

    key: str
    place: int
    task: str
    connector: str
    uid: str
    uids: tuple[str, ...]
    label: str
    value: str
    analyst: str
    at: float
    reason: str | None = None
    kept: bool = False
    retracted: float | None = None


class LabellingQueue:
    """The queue and its verdicts; threads and processes may share the file."""

    def __init__(self, folder: Path, vault: Vault | None = None) -> None:
        """Take the state folder and its keys; the file is made when it is first written."""
        self._file = LabelFile(folder / FILE)
        self._seals = Seals(vault)

    def add(self, requests: Sequence[QueuedIncident], now: float | None = None) -> int:
        """Put incidents at the head of the queue, in their order; return how many are new.

        One with the same inputs as another that waits is a copy of it. One that waits already keeps
        its place, and is shown as it is now.

        Raises:
            StoreError: when the file cannot be written.
        """
        now = time.time() if now is None else now
        with self._file.writing() as database:
            _prune(database, now)
            first = database.execute("SELECT coalesce(min(place), 0) FROM requests").fetchone()[0]
            place = first - len(requests)
            new = 0
            for offset, each in enumerate(requests):
                new += self._insert(database, each, place + offset, now)
            _bound(database)
        return new

    def waiting(
        self, tasks: Iterable[str], *, after: int | None = None, limit: int = 100
    ) -> list[QueuedIncident]:
        """Read what waits, the newest request first and in it the order of the model.

        Args:
            tasks: of these tasks.
            after: only what stands behind this place.
            limit: how many at most.
        """
        where, values = _in("task", tasks)
        query = f"SELECT * FROM requests WHERE {where} AND {_WAITS}"  # noqa: S608 - values are bound
        if after is not None:
            query, values = f"{query} AND place > ?", [*values, after]
        return self._file.read(f"{query} ORDER BY place LIMIT ?", [*values, limit], self._queued)

    def count(self, tasks: Iterable[str]) -> int:
        """Return how many incidents of these tasks wait."""
        where, values = _in("task", tasks)
        query = f"SELECT count(*) FROM requests WHERE {where} AND {_WAITS}"  # noqa: S608 - values are bound
        return sum(self._file.read(query, values, lambda row: int(row[0])))

    def find(self, places: Sequence[int]) -> dict[int, QueuedIncident]:
        """Return the incidents at these places, judged ones too."""
        where, values = _in("place", places)
        query = f"SELECT * FROM requests WHERE {where}"  # noqa: S608 - values are bound
        return {each.place: each for each in self._file.read(query, values, self._queued)}

    def verdicts(self, tasks: Iterable[str], *, limit: int = 500) -> list[PageVerdict]:
        """Read the last verdicts that the connectors have, the newest first; retracted ones too."""
        where, values = _in("task", tasks)
        query = f"SELECT * FROM verdicts WHERE {where} AND kept = 1 ORDER BY at DESC, key LIMIT ?"  # noqa: S608 - values are bound
        return self._file.read(query, [*values, limit], self._given)

    def by_keys(self, keys: Sequence[str]) -> dict[str, PageVerdict]:
        """Return the verdicts with these keys."""
        where, values = _in("key", keys)
        query = f"SELECT * FROM verdicts WHERE {where}"  # noqa: S608 - values are bound
        return {each.key: each for each in self._file.read(query, values, self._given)}

    def on(self, places: Sequence[int]) -> list[PageVerdict]:
        """Return the verdicts that count on the incidents at these places, the oldest first."""
        where, values = _in("place", places)
        query = f"SELECT * FROM verdicts WHERE {where} AND {_COUNTS} ORDER BY at, key"  # noqa: S608 - values are bound
        return self._file.read(query, values, self._given)

    def note(self, verdicts: Sequence[PageVerdict]) -> list[PageVerdict]:
        """Write down verdicts before the connector gets them; one that is known stays as it was.

        A repeated request so has the time of the first, and is the same verdict to the platform.

        Returns:
            The verdicts as they stand now, in the order that was given.
        """
        rows = [
            self._seals.of({**asdict(each), "uids": json.dumps(each.uids), "kept": 0})
            | {"retracted": None}
            for each in verdicts
        ]
        with self._file.writing() as database:
            marks = ",".join(f":{each.name}" for each in fields(PageVerdict))
            database.executemany(f"INSERT OR IGNORE INTO verdicts VALUES ({marks})", rows)  # noqa: S608 - marks alone
        found = self.by_keys([each.key for each in verdicts])
        return [found[each.key] for each in verdicts]

    def keep(self, keys: Sequence[str]) -> None:
        """Note that the connector has these verdicts."""
        self._file.change("UPDATE verdicts SET kept = 1 WHERE key = ?", [(key,) for key in keys])

    def drop(self, keys: Sequence[str]) -> None:
        """Forget verdicts that the connector refused."""
        self._file.change(
            "DELETE FROM verdicts WHERE key = ? AND kept = 0", [(key,) for key in keys]
        )

    def retract(self, keys: Sequence[str], now: float | None = None) -> None:
        """Note that these verdicts were taken back: their incidents wait again."""
        at = time.time() if now is None else now
        with self._file.writing() as database:
            database.executemany(
                "UPDATE verdicts SET retracted = ? WHERE key = ? AND retracted IS NULL",
                [(at, key) for key in keys],
            )
            # A build may have pulled the verdict: the incident waits for another one all the same.
            database.executemany(
                "UPDATE requests SET settled = NULL WHERE place IN"
                " (SELECT place FROM verdicts WHERE key = ?)",
                [(key,) for key in keys],
            )

    def settle(self, task: str | None, connector: str, uids: Iterable[str]) -> None:
        """Take incidents off that were judged elsewhere.

        Args:
            task: of this task; None: of all.
            connector: the incidents' source.
            uids: what was judged.
        """
        if not self._file.there:
            return
        query = (
            "UPDATE requests SET settled = ? WHERE settled IS NULL AND connector = ? AND uid = ?"
            " AND task = coalesce(?, task)"
        )
        self._file.change(query, [(time.time(), connector, uid, task) for uid in uids])

    def reseal(self) -> int:
        """Encrypt what lies there with the current key; how many rows there are.

        Raises:
            StoreError: when the file cannot be written.
            IntegrityError: when a row cannot be decrypted.
        """
        if not self._file.there:
            return 0
        done = 0
        with self._file.writing() as database:
            for table, key in (("requests", "place"), ("verdicts", "key")):
                rows = database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own table
                names = [name for name in SEALED if rows and name in rows[0].keys()]  # noqa: SIM118 - a Row is no mapping
                done += len(rows)
                marks = ", ".join(f"{name} = :{name}" for name in names)
                for row in rows:
                    values = self._seals.of(self._seals.read(row)) | {"row_key": row[key]}
                    database.execute(f"UPDATE {table} SET {marks} WHERE {key} = :row_key", values)  # noqa: S608 - our own names
        self._file.wipe()
        return done

    def forget(self, gone: Gone, *, only_count: bool = False) -> int:
        """Remove incidents with the verdicts on them; how many rows there were.

        What waits as a copy of one that goes is removed with it: it has the same inputs.

        Args:
            gone: tells of a connector and a uid whether it goes.
            only_count: remove nothing.

        Raises:
            StoreError: when the file cannot be written.
        """
        done = 0
        for table, key, others in (("requests", "place", "copies"), ("verdicts", "key", "uids")):
            query = f"SELECT {key}, connector, uid, {others} FROM {table}"  # noqa: S608 - our own names
            for name, connector, uid, more in self._file.read(query, [], tuple):
                left = [each for each in json.loads(more) if not gone(connector, each)]
                if not gone(connector, uid) and len(left) == len(json.loads(more)):
                    continue
                done += 1
                if only_count:
                    continue
                if gone(connector, uid):
                    self._file.change(f"DELETE FROM {table} WHERE {key} = ?", [(name,)])  # noqa: S608 - our own names
                else:
                    row = (json.dumps(left), name)
                    self._file.change(f"UPDATE {table} SET {others} = ? WHERE {key} = ?", [row])  # noqa: S608 - our own names
        if self._file.there and not only_count:
            self._file.wipe()
        return done

    def version(self) -> str:
        """Name the state: it is another one after each change."""
        found = self._file.read(
            "SELECT name, version FROM state", [], lambda row: f"{row[0]}-{row[1]}"
        )
        return found[0] if found else "none"

    def _insert(
        self, database: sqlite3.Connection, each: QueuedIncident, place: int, now: float
    ) -> int:
        own = (each.task, each.connector)
        query = (
            f"SELECT * FROM requests WHERE task = ? AND connector = ? AND digest = ? AND {_WAITS}"  # noqa: S608 - values are bound
        )
        alike = database.execute(query, (*own, each.digest)).fetchone()
        if alike is not None:
            known = (alike["uid"], *json.loads(alike["copies"]))
            copies = [uid for uid in dict.fromkeys((*known, *each.uids)) if uid != alike["uid"]]
            row = (json.dumps(copies[:MOST_COPIES]), self._seals.text(_body(each)), alike["place"])
            database.execute("UPDATE requests SET copies = ?, body = ? WHERE place = ?", row)
            return 0
        # It holds something else now: what was asked about before is no longer there to be judged.
        database.execute(
            f"DELETE FROM requests WHERE task = ? AND connector = ? AND uid = ? AND {_WAITS}",  # noqa: S608 - values are bound
            (*own, each.uid),
        )
        copies, body = list(each.copies[:MOST_COPIES]), self._seals.text(_body(each))
        values = (place, *own, each.uid, each.digest, json.dumps(copies), body, now)
        database.execute("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)", values)
        return 1

    def _queued(self, row: sqlite3.Row) -> QueuedIncident:
        values = self._seals.read(row)
        copies, body = tuple(json.loads(values["copies"])), json.loads(values["body"])
        names = ("task", "connector", "uid", "digest", "place", "requested")
        return QueuedIncident(copies=copies, **body, **{name: values[name] for name in names})

    def _given(self, row: sqlite3.Row) -> PageVerdict:
        values = self._seals.read(row)
        return PageVerdict(
            **{**values, "uids": tuple(json.loads(values["uids"])), "kept": bool(values["kept"])}
        )


def _body(each: QueuedIncident) -> str:
    body = {"label": each.label, "probability": each.probability, "reason": each.reason}
    shown = {"at": each.at, "fields": dict(each.fields), "cut": dict(each.cut)}
    why = {} if each.explanation is None else {"explanation": dict(each.explanation)}
    return json.dumps(body | shown | why)


def _prune(database: sqlite3.Connection, now: float) -> None:
    """Remove what was judged long ago: events are kept for as long as they are of use."""
    old = now - KEPT_S
    database.execute(
        f"DELETE FROM requests WHERE requested < ? AND NOT ({_WAITS}) AND place NOT IN"  # noqa: S608 - our own condition
        " (SELECT place FROM verdicts WHERE coalesce(retracted, at) >= ?)",
        (old, old),
    )
    # Only then: an incident whose verdict is gone would wait again.
    database.execute(
        "DELETE FROM verdicts WHERE coalesce(retracted, at) < ?"
        " AND place NOT IN (SELECT place FROM requests)",
        (old,),
    )


def _bound(database: sqlite3.Connection) -> None:
    """Keep the newest requests: a queue that nobody works on must not grow without end."""
    database.execute(
        f"DELETE FROM requests WHERE place IN (SELECT place FROM requests WHERE {_WAITS}"  # noqa: S608 - our own condition
        f" ORDER BY place LIMIT -1 OFFSET {MOST_WAITING})"
    )


def _in(column: str, values: Iterable[Any]) -> tuple[str, list[Any]]:
    found = list(values)
    return f"{column} IN (SELECT value FROM json_each(?))", [json.dumps(found)]  # noqa: S608 - our own column

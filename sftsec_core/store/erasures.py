"""Incidents that were forgotten: their rows go, a tombstone keeps each from coming back.

A tombstone is a digest of connector and uid under the site's salt, or of what an incident holds
(`dataset.forgotten`). Whatever
the store holds of an incident is found by it: an erasure that was killed is finished by the same
call, though nothing names the incidents any more.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, select, update

from sftsec_core.store.audit_records import ERASED
from sftsec_core.store.dialects import forget_deleted, insert_new
from sftsec_core.store.outbox_rows import DETECTION, detection_of
from sftsec_core.store.tables import (
    context_keys,
    context_states,
    erasures,
    judged_inputs,
    label_requests,
    outbox,
    outdated_models,
    quarantine,
    recall_draws,
    tombstones,
    verdicts,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Table

    from sftsec_core.store.audit import AuditLog
    from sftsec_core.store.database import Database
    from sftsec_core.store.verdict_chain import VerdictChain

# Whether an incident, by its connector and its uid, is to go.
Gone = Callable[[str, str], bool]
# Tables that name an incident by its connector and its uid, and need nothing else.
_NAMING = (judged_inputs, label_requests, recall_draws)
_AT_ONCE = 500
_WORD = re.compile(r"[^\s'\"]+")


@dataclass(frozen=True, slots=True)
class Erasure:
    """One act of forgetting.

    Attributes:
        id: names it.
        found_by: "incident" or "user".
        incidents: how many.
        at: when it began (UTC).
        finished_at: when all was gone (UTC); None where it was interrupted.
    """

    id: str
    found_by: str
    incidents: int
    at: datetime
    finished_at: datetime | None


class Erasures:
    """What was forgotten, and how the store forgets it."""

    def __init__(self, database: Database, audit: AuditLog, chain: VerdictChain) -> None:
        self._database = database
        self._audit = audit
        self._chain = chain

    def draft(self, found_by: str, incidents: int) -> Erasure:
        """Name a new erasure; nothing is written.

        Args:
            found_by: "incident" or "user".
            incidents: how many are to go.
        """
        return Erasure(secrets.token_hex(6), found_by, incidents, self._database.clock(), None)

    def begin(self, erasure: Erasure, keys: Collection[str]) -> None:
        """Set the tombstones: from now on nothing of these incidents is pulled.

        Args:
            erasure: of `draft`.
            keys: of the incidents, by their ids and by what they hold.
        """
        said = {"found_by": erasure.found_by, "incidents": erasure.incidents}
        with self._database.writing() as connection:
            row = {"id": erasure.id, "at": erasure.at, **said}
            connection.execute(insert(erasures).values(row))
            rows = [{"key": key, "erasure": erasure.id} for key in sorted(keys)]
            insert_new(connection, tombstones, rows)
            self._audit.append("erasure.begun", erasure.id, said, joined=connection)

    def list(self) -> list[Erasure]:
        """Return all erasures, newest first."""
        query = select(erasures).order_by(erasures.c.at.desc(), erasures.c.id)
        with self._database.reading() as connection:
            return [Erasure(**row) for row in connection.execute(query).mappings()]

    def keys(self) -> frozenset[str]:
        """Return the tombstones."""
        with self._database.reading() as connection:
            return frozenset(connection.execute(select(tombstones.c.key)).scalars())

    def finish(self, erasure: Erasure, details: Mapping[str, Any]) -> None:
        """Say that nothing is left of an erasure's incidents, with what went; in the audit log."""
        mine = (erasures.c.id == erasure.id, erasures.c.finished_at.is_(None))
        with self._database.writing() as connection:
            now = self._database.clock()
            if connection.execute(update(erasures).where(*mine).values(finished_at=now)).rowcount:
                self._audit.append("erasure.finished", erasure.id, details, joined=connection)

    # --- models

    def mark(self, digests: Iterable[str], erasure: Erasure) -> int:
        """Say that models have learned from what was forgotten; return how many are new to it."""
        rows = [{"digest": d, "erasure": erasure.id, "since": erasure.at} for d in sorted(digests)]
        with self._database.writing() as connection:
            return insert_new(connection, outdated_models, rows)

    def outdated(self) -> dict[str, datetime]:
        """Return the models that learned from what was forgotten, each with the time of it."""
        query = select(outdated_models.c.digest, outdated_models.c.since)
        with self._database.reading() as connection:
            return {row.digest: row.since for row in connection.execute(query)}

    def clear(self, digest: str) -> None:
        """Say that a model was made again, of data without what was forgotten."""
        mine = outdated_models.c.digest == digest
        with self._database.writing() as connection:
            connection.execute(delete(outdated_models).where(mine))

    # --- rows

    def first_judged(self, gone: Gone) -> dict[str, datetime]:
        """Return, by connector, when the first verdict on one of the incidents was pulled."""
        own = (verdicts.c.connector, verdicts.c.incident_uid)
        query = select(*own, func.min(verdicts.c.pulled_at).label("at")).group_by(*own)
        found: dict[str, datetime] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                if gone(row.connector, row.incident_uid):
                    found[row.connector] = min(row.at, found.get(row.connector, row.at))
        return found

    def count(self, gone: Gone, tasks: Mapping[str, Sequence[str]]) -> Counter[str]:
        """Count the rows that `remove` would remove, by table."""
        with self._database.reading() as connection:
            found = Counter({t.name: len(keys) for t, keys in _all(connection, gone, tasks)})
        return +found

    def remove(
        self, erasure: Erasure, gone: Gone, tasks: Mapping[str, Sequence[str]]
    ) -> Counter[str]:
        """Remove all rows of the incidents, and the earlier events of the tasks that read them.

        Args:
            erasure: what they go with.
            gone: which incidents.
            tasks: each with its connectors: a detection may have gone to another one than its own.

        Returns:
            How many rows went, by table.
        """
        with self._database.writing() as connection:
            found = list(_all(connection, gone, tasks))
            for table, keys in found:
                if table is not verdicts:
                    _delete(connection, table, keys)
            judged = [key for table, keys in found if table is verdicts for (key,) in keys]
            if numbers := self._chain.erase(connection, judged):
                said = {"verdicts": numbers}
                self._audit.append(ERASED, erasure.id, said, joined=connection)
        return +Counter({table.name: len(keys) for table, keys in found})

    def remove_events(self, tasks: Collection[str]) -> int:
        """Remove what scoring knows of the earlier events of tasks: sums that hold theirs."""
        removed = 0
        with self._database.writing() as connection:
            for table in (context_keys, context_states):
                mine = table.c.task.in_(tasks)
                removed += connection.execute(delete(table).where(mine)).rowcount
        return removed

    def wipe(self) -> None:
        """Take what was deleted out of the database's file.

        Raises:
            StoreError: when another process holds the file.
        """
        forget_deleted(self._database.engine)


def _all(
    connection: Connection, gone: Gone, tasks: Mapping[str, Sequence[str]]
) -> Iterator[tuple[Table, list[tuple[Any, ...]]]]:
    """Each table with the primary keys of the rows that go."""
    for table in _NAMING:
        names = (table.c.connector, table.c.incident_uid)
        pairs = connection.execute(select(*names).distinct())
        yield table, [(row[0], row[1]) for row in pairs if gone(row[0], row[1])]
    named = select(verdicts.c.key, verdicts.c.connector, verdicts.c.incident_uid)
    judged = connection.execute(named)
    yield verdicts, [(key,) for key, connector, uid in judged if gone(connector, uid)]
    yield outbox, [(number,) for number in _detections(connection, gone, tasks)]
    bad = connection.execute(
        select(quarantine.c.key, quarantine.c.connector, quarantine.c.where, quarantine.c.reason)
    )
    yield quarantine, [(row[0],) for row in bad if _says(gone, row[1], row[2], row[3])]


def _detections(
    connection: Connection, gone: Gone, tasks: Mapping[str, Sequence[str]]
) -> Iterator[int]:
    """The detections of the incidents, wherever they were pushed to."""
    short = (outbox.c.id, outbox.c.connector, outbox.c.task, outbox.c.incident_uid)
    for row in connection.execute(select(*short)):
        uid = row.incident_uid
        if uid is None:  # of an earlier version
            query = select(*DETECTION).where(outbox.c.id == row.id)
            uid = detection_of(connection.execute(query).mappings().one()).incident_uid
        sources = dict.fromkeys((row.connector, *tasks.get(row.task, ())))
        if any(gone(source, uid) for source in sources):
            yield row.id


def _says(gone: Gone, connector: str, *texts: str) -> bool:
    """Whether a text names one of the incidents."""
    words = {word.strip(",.;:()") for text in texts for word in _WORD.findall(text)}
    return any(gone(connector, each) for each in {*texts, *words})


def _delete(connection: Connection, table: Table, keys: Sequence[tuple[Any, ...]]) -> None:
    if table in _NAMING:
        for connector, uid in keys:
            mine = and_(table.c.connector == connector, table.c.incident_uid == uid)
            connection.execute(delete(table).where(mine))
        return
    (key,) = table.primary_key.columns
    for start in range(0, len(keys), _AT_ONCE):
        some = [each[0] for each in keys[start : start + _AT_ONCE]]
        connection.execute(delete(table).where(key.in_(some)))

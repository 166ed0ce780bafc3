"""Records that could not be used: where they stood, why, and how often they came."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, select

from sftsec_core.store.canonical import digest
from sftsec_core.store.dialects import insert_into
from sftsec_core.store.tables import quarantine

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from sftsec_core.api.domain import Rejection
    from sftsec_core.store.database import Database

# A place and a reason are for people to read; a connector that puts a record into one of them
# must not fill the store with it.
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One bad record.

    Attributes:
        where: the place as its owner would name it.
        reason: what is wrong with it.
        digest: hex SHA-256 of the raw record, "" when there is none.
        run_id: the run that met it last.
        first_at: when it was first met (UTC).
        last_at: when it was last met (UTC).
        seen: how often it was met.
        seen_by_run: how often the run met it that met it last.
    """

    connector: str
    where: str
    reason: str
    digest: str
    run_id: str | None
    first_at: datetime
    last_at: datetime
    seen: int
    seen_by_run: int


class Quarantine:
    """Bad records of all connectors; the same one met again is counted, not copied."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        connector: str,
        rejections: Iterable[Rejection],
        *,
        run_id: str | None = None,
        joined: Connection | None = None,
    ) -> int:
        """Keep rejections and return how many were given.

        Args:
            connector: the connector's name in the configuration.
            rejections: what could not be used; the same place, reason and digest are one row.
            run_id: the run that met them.
            joined: a transaction to take part in.

        Raises:
            StoreError: when the database refuses.
        """
        rows = [self._row(connector, rejection, run_id) for rejection in rejections]
        if not rows:
            return 0
        with self._database.writing(joined) as connection:
            insert = insert_into(connection, quarantine)
            statement = insert.on_conflict_do_update(
                index_elements=[quarantine.c.key],
                set_={
                    "seen": quarantine.c.seen + 1,
                    "seen_by_run": case(
                        (
                            quarantine.c.run_id == insert.excluded.run_id,
                            quarantine.c.seen_by_run + 1,
                        ),
                        else_=1,
                    ),
                    "last_at": insert.excluded.last_at,
                    "run_id": insert.excluded.run_id,
                },
            )
            # Sorted: two writers that lock the same rows do so in the same order.
            connection.execute(statement, sorted(rows, key=lambda row: row["key"]))
        return len(rows)

    def list(
        self, connector: str | None = None, *, run_id: str | None = None, limit: int = 100
    ) -> builtins.list[Quarantined]:
        """Return bad records, those met last first.

        Args:
            connector: only this one's; None for all.
            run_id: only those that this run was the last to meet; None for all.
            limit: how many at most.
        """
        query = select(quarantine).order_by(quarantine.c.last_at.desc(), quarantine.c.key)
        if connector is not None:
            query = query.where(quarantine.c.connector == connector)
        if run_id is not None:
            query = query.where(quarantine.c.run_id == run_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit)).mappings().all()
        return [
            Quarantined(**{name: value for name, value in row.items() if name != "key"})
            for row in rows
        ]

    def reasons(self, run_id: str) -> dict[str, int]:
        """Count what a run was the last to meet by reason, most frequent first.

        A page that it pulled again after a kill counts twice.
        """
        query = select(quarantine.c.reason, quarantine.c.seen_by_run)
        found: Counter[str] = Counter()
        with self._database.reading() as connection:
            # Summed up here: the database cannot group what it cannot read.
            for reason, met in connection.execute(query.where(quarantine.c.run_id == run_id)):
                found[reason] += met
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))

    def count(self, connector: str | None = None) -> int:
        """Return how many different bad records there are."""
        query = select(func.count()).select_from(quarantine)
        if connector is not None:
            query = query.where(quarantine.c.connector == connector)
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def _row(self, connector: str, rejection: Rejection, run_id: str | None) -> dict[str, Any]:
        where, reason = rejection.where[:_LONGEST], rejection.reason[:_LONGEST]
        now = self._database.clock()
        return {
            "key": digest([connector, where, reason, rejection.digest])[:40],
            "connector": connector,
            "where": where,
            "reason": reason,
            "digest": rejection.digest,
            "run_id": run_id,
            "first_at": now,
            "last_at": now,
            "seen": 1,
            "seen_by_run": 1,
        }

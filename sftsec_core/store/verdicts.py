"""What analysts said about incidents, with where it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import func, select, update

from sftsec_core.api.domain import Verdict
from sftsec_core.store.columns import by_stored_text, clean_text
from sftsec_core.store.tables import verdicts

if TYPE_CHECKING:
    import builtins
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from sftsec_core.api.domain import Incident
    from sftsec_core.store.database import Database
    from sftsec_core.store.verdict_chain import VerdictChain

_BATCH = 10_000
_UIDS_PER_QUERY = 500


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """One verdict and where it came from.

    Attributes:
        connector: the connector's name in the configuration.
        incident_uid: the incident that it judges, unique within the connector.
        verdict: what was said.
        pulled_at: when it was first seen on what the incident held last (UTC).
        run_id: the run that saw it then.
    """

    connector: str
    incident_uid: str
    verdict: Verdict
    pulled_at: datetime
    run_id: str | None


class Verdicts:
    """The verdicts of all connectors; the same one pulled twice is one row."""

    def __init__(self, database: Database, chain: VerdictChain) -> None:
        self._database = database
        self._chain = chain

    def add(
        self,
        connector: str,
        incidents: Iterable[Incident],
        *,
        run_id: str | None = None,
        changed: Collection[str] = (),
    ) -> int:
        """Keep the incidents' verdicts and return how many are new.

        A verdict is the same one when incident, word, analyst, moment and `automated` are: a
        reason that was edited later makes no second judgement. Written in batches: what came
        before an error stays, and adding it again changes nothing.

        Args:
            connector: the connector's name in the configuration.
            incidents: what was judged.
            run_id: the run that pulled them.
            changed: uids of incidents that hold something else than what was judged before. The
                same word on it, often without a time or a name, is new.

        Raises:
            StoreError: when a verdict's time has no time zone, or the database refuses.
        """
        rows = self._rows(connector, incidents, run_id)
        renewed = frozenset(map(clean_text, changed))
        added = 0
        while batch := list(islice(rows, _BATCH)):
            again = [row["key"] for row in batch if row["incident_uid"] in renewed]
            now = {name: batch[0][name] for name in ("pulled_at", "run_id")}
            with self._database.writing() as connection:
                for start in range(0, len(again), _UIDS_PER_QUERY):
                    mine = verdicts.c.key.in_(again[start : start + _UIDS_PER_QUERY])
                    added += connection.execute(update(verdicts).where(mine).values(now)).rowcount
                added += self._chain.insert(connection, batch)
        return added

    def of(self, connector: str, uids: Sequence[str]) -> dict[str, tuple[Verdict, ...]]:
        """Return the verdicts on these incidents, oldest first; undated ones come first.

        Incidents without a verdict are left out.
        """
        found: dict[str, builtins.list[Verdict]] = {}
        names = by_stored_text(uids)
        wanted = list(names)
        with self._database.reading() as connection:
            for start in range(0, len(wanted), _UIDS_PER_QUERY):
                part = wanted[start : start + _UIDS_PER_QUERY]
                query = select(verdicts).where(
                    verdicts.c.connector == connector, verdicts.c.incident_uid.in_(part)
                )
                for row in connection.execute(query):
                    for uid in names[row.incident_uid]:
                        found.setdefault(uid, []).append(_verdict(row))
        return {uid: tuple(sorted(some, key=_age)) for uid, some in found.items()}

    def list(
        self, connector: str | None = None, *, value: str | None = None, limit: int = 100
    ) -> builtins.list[StoredVerdict]:
        """Return verdicts, those pulled last first.

        Args:
            connector: only this one's; None for all.
            value: only this word of the platform's; None for all.
            limit: how many at most.
        """
        # The key breaks ties, so that the same call gives the same answer.
        newest = (verdicts.c.pulled_at.desc(), verdicts.c.key.desc())
        rows: builtins.list[Row[Any]] = []
        with self._database.reading() as connection:
            # One connector after the other: of one, an index has them in this order.
            for name in _connectors(connection) if connector is None else [connector]:
                query = select(verdicts).where(*_matching(name, value))
                rows += connection.execute(query.order_by(*newest).limit(limit))
        rows.sort(key=lambda row: (row.pulled_at, row.key), reverse=True)
        return [_stored(row) for row in rows[:limit]]

    def ending_with(self, text: str, *, limit: int = 3) -> builtins.list[str]:
        """Return uids of judged incidents that end with a text: an id, behind its file's name."""
        uid = verdicts.c.incident_uid
        query = select(uid).distinct().where(uid.endswith(text, autoescape=True)).order_by(uid)
        with self._database.reading() as connection:
            return [*connection.execute(query.limit(limit)).scalars()]

    def pulled_since(self, connector: str, moment: datetime) -> int:
        """Return how many of a connector's verdicts have a `pulled_at` after a moment."""
        later = (verdicts.c.connector == connector, verdicts.c.pulled_at > moment)
        query = select(func.count()).select_from(verdicts).where(*later)
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def _rows(
        self, connector: str, incidents: Iterable[Incident], run_id: str | None
    ) -> Iterator[dict[str, Any]]:
        origin = {"connector": connector, "pulled_at": self._database.clock(), "run_id": run_id}
        for incident in incidents:
            for verdict in incident.verdicts:
                yield {**origin, **_row(connector, incident.uid, verdict)}


def _row(connector: str, incident_uid: str, verdict: Verdict) -> dict[str, Any]:
    uid, value, at = clean_text(incident_uid), clean_text(verdict.value), verdict.at
    analyst = verdict.analyst and clean_text(verdict.analyst)
    judged = (connector, uid, value, analyst, at and at.timestamp(), verdict.automated)
    return {
        "key": hashlib.sha256(orjson.dumps(judged)).hexdigest()[:40],
        "incident_uid": uid,
        "value": value,
        "analyst": analyst,
        "at": at,
        "reason": verdict.reason and clean_text(verdict.reason),
        "automated": verdict.automated,
    }


def _age(verdict: Verdict) -> tuple[float, str, str]:
    moment = verdict.at.timestamp() if verdict.at else float("-inf")
    return (moment, verdict.analyst or "", verdict.value)


def _connectors(connection: Connection) -> Iterator[str]:
    """The connectors that have verdicts, each looked up: their rows are not walked."""
    after = ""
    while True:
        query = select(func.min(verdicts.c.connector)).where(verdicts.c.connector > after)
        name = connection.execute(query).scalar_one()
        if name is None:
            return
        yield name
        after = name


def _matching(connector: str, value: str | None) -> list[ColumnElement[bool]]:
    wanted = ((verdicts.c.connector, connector), (verdicts.c.value, value))
    return [column == given for column, given in wanted if given is not None]


def _verdict(row: Row[Any]) -> Verdict:
    return Verdict(row.value, row.analyst, row.at, row.reason, row.automated)


def _stored(row: Row[Any]) -> StoredVerdict:
    return StoredVerdict(row.connector, row.incident_uid, _verdict(row), row.pulled_at, row.run_id)

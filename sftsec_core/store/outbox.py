"""Detections on their way to a SIEM.

A detection is written here first, together with the cursor of the page that it came from, and
leaves only when the SIEM's receipt is recorded. A row is pending, delivered or rejected. A process
that pushes rows claims them first, for a while (a lease): a claim is void when its time is up or
the run that made it has ended or lost its lease, so two processes do not push the same row and a
kill delays it by the run's lease only.

A row is settled once it has a `settled_at`. The statements that go by uids or by ids ask for that
and not for the status: with a status among their terms SQLite walks all pending rows instead of
looking up the few that are named.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, not_, or_, select, update

from sftsec_core.store.dialects import insert_new
from sftsec_core.store.holders import RUN_PREFIX
from sftsec_core.store.outbox_rows import DETECTION, columns_of, detection_of
from sftsec_core.store.run_rows import RUNNING, ended_lease
from sftsec_core.store.scrub import hide_url_passwords
from sftsec_core.store.tables import outbox, runs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from sftsec_core.api.domain import Detection
    from sftsec_core.store.database import Database

PENDING, DELIVERED, REJECTED = "pending", "delivered", "rejected"
WRITTEN, DUPLICATE = "written", "duplicate"
LEASE = timedelta(minutes=10)
_BATCH = 500
_LONGEST_REASON = 500
_UNSETTLED = outbox.c.settled_at.is_(None)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A pending row that the claimer may push.

    Attributes:
        id: the row's number; grows in the order in which rows were written.
        attempts: how often its push failed.
    """

    id: int
    detection: Detection
    attempts: int


@dataclass(frozen=True, slots=True)
class OutboxCount:
    """How many detections a connector has in one state."""

    connector: str
    status: str
    detections: int


@dataclass(frozen=True, slots=True)
class Made:
    """A delivered detection, as far as verdicts are compared with it."""

    connector: str
    incident_uid: str
    label: str


class Outbox:
    """The outbox of all connectors; a detection's uid is in a connector's once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        connector: str,
        detections: Sequence[Detection],
        *,
        run_id: str | None = None,
        joined: Connection | None = None,
    ) -> int:
        """Write detections and return how many are new; one that is there stays as it is.

        Args:
            connector: where they are to go.
            detections: what was found.
            run_id: the run that found them.
            joined: a transaction to take part in.

        Raises:
            StoreError: when the database refuses.
        """
        now = self._database.clock()
        rows = [
            {
                "connector": connector,
                **columns_of(detection),
                "status": PENDING,
                "attempts": 0,
                "created_at": now,
                "run_id": run_id,
            }
            for detection in detections
        ]
        with self._database.writing(joined) as connection:
            return insert_new(connection, outbox, rows)

    def claim(
        self,
        connector: str,
        owner: str,
        *,
        limit: int,
        after: int = 0,
        retries: bool | None = None,
        lease: timedelta = LEASE,
    ) -> list[Claimed]:
        """Claim pending rows that no one else holds, in the order in which they were written.

        Args:
            connector: whose rows.
            owner: the claimer: `Runs.holder` inside a run, else a name of its own.
            limit: how many at most.
            after: only rows after this one.
            retries: True for rows whose push failed before, False for the others, None for both.
            lease: for how long.

        Raises:
            StoreError: when the database refuses.
        """
        now = self._database.clock()
        with self._database.writing() as connection:
            free = or_(
                outbox.c.claimed_by.is_(None),
                outbox.c.claimed_until < now,
                _of_ended_run(now),
            )
            query = (
                select(outbox.c.id, *DETECTION, outbox.c.attempts)
                .where(*_pending(connector), outbox.c.id > after, free, *_tried(retries))
                .order_by(outbox.c.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            rows = connection.execute(query).mappings().all()
            connection.execute(
                update(outbox)
                .where(outbox.c.id.in_([row["id"] for row in rows]))
                .values(claimed_by=owner, claimed_until=now + lease)
            )
        return [Claimed(row["id"], detection_of(row), row["attempts"]) for row in rows]

    def renew(self, owner: str, ids: Collection[int], *, lease: timedelta = LEASE) -> set[int]:
        """Prolong claims and return the rows that are still the owner's and pending."""
        held = (outbox.c.id.in_(ids), outbox.c.claimed_by == owner, _UNSETTLED)
        until = self._database.clock() + lease
        prolong = update(outbox).where(*held).values(claimed_until=until).returning(outbox.c.id)
        with self._database.writing() as connection:
            return set(connection.execute(prolong).scalars())

    def release(self, owner: str) -> None:
        """Give back everything that the owner claimed and did not settle."""
        with self._database.writing() as connection:
            connection.execute(
                update(outbox)
                # What is settled has no claim: only pending rows are walked.
                .where(outbox.c.status == PENDING, outbox.c.claimed_by == owner)
                .values(claimed_by=None, claimed_until=None)
            )

    def reopen(self, connector: str, task: str, *, joined: Connection | None = None) -> int:
        """Make what was delivered pending again, and return how many; what was rejected stays so.

        Args:
            connector: the platform that lost them.
            task: only this task's.
            joined: a transaction to take part in.
        """
        mine = (outbox.c.connector == connector, outbox.c.task == task)
        values = {
            "status": PENDING,
            "outcome": None,
            "attempts": 0,
            "settled_at": None,
            "claimed_by": None,
            "claimed_until": None,
        }
        statement = update(outbox).where(*mine, outbox.c.status == DELIVERED).values(values)
        with self._database.writing(joined) as connection:
            return connection.execute(statement).rowcount

    def deliver(
        self,
        connector: str,
        uids: Iterable[str],
        outcome: str,
        *,
        joined: Connection | None = None,
    ) -> int:
        """Record that the platform has these, and return for how many that is news.

        It is a fact independent of the claim, so the claim is not checked.

        Args:
            connector: the platform.
            uids: the detections.
            outcome: `WRITTEN`, or `DUPLICATE` when they were there already.
            joined: a transaction to take part in.
        """
        return self._settle(connector, uids, DELIVERED, outcome, joined)

    def reject(
        self, connector: str, uid: str, reason: str, *, joined: Connection | None = None
    ) -> int:
        """Record that the platform rejects a detection for good; 1 when that is news."""
        clean = hide_url_passwords(reason)[:_LONGEST_REASON]
        return self._settle(connector, [uid], REJECTED, clean, joined)

    def postpone(
        self, owner: str, id_: int, reason: str, *, joined: Connection | None = None
    ) -> None:
        """Count a failed push; the row stays pending, for a later delivery.

        One that the owner no longer holds is not touched.
        """
        held = (outbox.c.id == id_, outbox.c.claimed_by == owner, _UNSETTLED)
        clean = hide_url_passwords(reason)[:_LONGEST_REASON]
        values = {
            "attempts": outbox.c.attempts + 1,
            "outcome": clean,
            "claimed_by": None,
            "claimed_until": None,
        }
        with self._database.writing(joined) as connection:
            connection.execute(update(outbox).where(*held).values(values))

    def counts(self, connector: str | None = None) -> list[OutboxCount]:
        """Return how many detections are in which state, by connector and state."""
        columns = (outbox.c.connector, outbox.c.status)
        query = select(*columns, func.count()).group_by(*columns).order_by(*columns)
        if connector is not None:
            query = query.where(outbox.c.connector == connector)
        with self._database.reading() as connection:
            return [OutboxCount(*row) for row in connection.execute(query)]

    def known(self, connector: str, uids: Sequence[str]) -> dict[str, Detection]:
        """Return those of these detections that a connector's platform has, or may have, by uid.

        A push whose receipt was lost left its detections pending here.
        """
        found: dict[str, Detection] = {}
        mine = (outbox.c.connector == connector, outbox.c.status != REJECTED)
        with self._database.reading() as connection:
            for start in range(0, len(uids), _BATCH):
                part = outbox.c.uid.in_(uids[start : start + _BATCH])
                rows = connection.execute(select(*DETECTION).where(*mine, part)).mappings()
                found |= {row["uid"]: detection_of(row) for row in rows}
        return found

    def made(self, task: str, model: str, *, since: datetime, until: datetime) -> list[Made]:
        """Return what a model found that a platform has, oldest first.

        Args:
            task: the task's name.
            model: digest of the model.
            since: made at this time or later.
            until: made before this time.
        """
        when = (outbox.c.created_at >= since, outbox.c.created_at < until)
        query = (
            select(outbox.c.connector, outbox.c.incident_uid, outbox.c.label)
            .where(outbox.c.task == task, *when)
            .where(outbox.c.status == DELIVERED, outbox.c.model == model)
            .order_by(outbox.c.id)
        )
        with self._database.reading() as connection:
            return [Made(*row) for row in connection.execute(query)]

    def pending(self, connector: str) -> int:
        """Return how many detections still have to go to a connector."""
        query = select(func.count()).select_from(outbox).where(*_pending(connector))
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def stranded(self, task: str, destinations: Sequence[str]) -> dict[str, int]:
        """Count a task's pending detections that no delivery of it takes, by connector.

        Args:
            task: whose detections.
            destinations: where its detections go now.
        """
        mine = (outbox.c.task == task, outbox.c.status == PENDING)
        elsewhere = outbox.c.connector.not_in(destinations)
        query = (
            select(outbox.c.connector, func.count())
            .where(*mine, elsewhere)
            .group_by(outbox.c.connector)
            .order_by(outbox.c.connector)
        )
        with self._database.reading() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query)}

    def of_run(self, run_id: str) -> dict[str, int]:
        """Count the detections that a run found, by what has become of them.

        Returns:
            `written` and `duplicates` (the platform had them), `refused` and `pending`.
        """
        columns = (outbox.c.status, outbox.c.outcome == DUPLICATE)
        query = select(*columns, func.count()).where(outbox.c.run_id == run_id).group_by(*columns)
        found = dict.fromkeys(("written", "duplicates", "refused", "pending"), 0)
        with self._database.reading() as connection:
            for status, duplicate, count in connection.execute(query):
                delivered = "duplicates" if duplicate else "written"
                found[{DELIVERED: delivered, REJECTED: "refused"}.get(status, "pending")] += count
        return found

    def _settle(
        self,
        connector: str,
        uids: Iterable[str],
        status: str,
        outcome: str,
        joined: Connection | None,
    ) -> int:
        values = {
            "status": status,
            "outcome": outcome,
            "settled_at": self._database.clock(),
            "claimed_by": None,
            "claimed_until": None,
        }
        wanted, settled = list(uids), 0
        with self._database.writing(joined) as connection:
            for start in range(0, len(wanted), _BATCH):
                part = outbox.c.uid.in_(wanted[start : start + _BATCH])
                mine = (outbox.c.connector == connector, part, _UNSETTLED)
                statement = update(outbox).where(*mine).values(values)
                settled += connection.execute(statement).rowcount
        return settled


def _pending(connector: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (outbox.c.connector == connector, outbox.c.status == PENDING)


def _tried(retries: bool | None) -> tuple[ColumnElement[bool], ...]:
    if retries is None:
        return ()
    return (outbox.c.attempts > 0 if retries else outbox.c.attempts == 0,)


def _of_ended_run(now: datetime) -> ColumnElement[bool]:
    """Claimed by a run that has ended, or whose holder renews its lease no more."""
    alive = select(runs.c.holder).where(runs.c.status == RUNNING, not_(ended_lease(now)))
    by_run = outbox.c.claimed_by.startswith(RUN_PREFIX, autoescape=True)
    return and_(by_run, outbox.c.claimed_by.not_in(alive))

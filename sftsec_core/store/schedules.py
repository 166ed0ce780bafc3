"""Schedules: what the store holds of them, how far each has come, and its occurrences.

An occurrence is told from all others by its schedule and its nominal time. It is recorded in the
transaction that moves its schedule on, as pending, and becomes a run afterwards: a process that is
killed in between leaves it pending, and any other enqueues it. Of several processes that move the
same schedule on one succeeds, since each names the version that it has read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, select, update

from sftsec_core.api.errors import NotFoundError, StoreError
from sftsec_core.store.dialects import insert_new
from sftsec_core.store.tables import alias_history, occurrences, runs, schedules, verdicts

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from sftsec_core.store.database import Database

PENDING, QUEUED, DROPPED = "pending", "queued", "dropped"
_UNFINISHED = ("queued", "running", "interrupted")
_ENDED = ("succeeded", "refused", "failed")
_LIVE = "live"


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """How far a schedule has come.

    Attributes:
        since: its times up to this moment are accounted for (UTC).
        anchor: from which its intervals count (UTC).
        fired: of its newest accounted occurrence (UTC); None where there is none yet.
        paused: whether it is paused.
    """

    since: datetime
    anchor: datetime
    fired: datetime | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class StoredSchedule:
    """A row of the table.

    Attributes:
        settings: what it is, a JSON value; None where sftsec.yaml says it.
        trigger: what says when it is due, as it was when `state` began.
        actor: who made it, and whose runs its runs are.
        roles: that actor's roles.
        version: counts the changes.
    """

    name: str
    settings: Mapping[str, Any] | None
    trigger: Mapping[str, Any]
    actor: str
    roles: tuple[str, ...]
    state: ScheduleState
    version: int


@dataclass(frozen=True, slots=True)
class ScheduleOccurrence:
    """An occurrence, or several that were skipped together.

    Attributes:
        due_at: its nominal time, of several the first's (UTC).
        last_at: of several the last's.
        count: how many they are.
        status: "pending" (it becomes a run), "queued" (it has one), or why it has none: "missed",
            "outside", "paused", "dropped" (its schedule was removed before it was queued).
        reason: why it was due or was skipped.
        not_before: when its run may start (UTC).
        run_id: its run.
        recorded_at: when it was accounted for (UTC).
    """

    schedule: str
    due_at: datetime
    last_at: datetime
    count: int
    status: str
    reason: str
    not_before: datetime | None = None
    run_id: str | None = field(default=None)
    recorded_at: datetime | None = None


class Schedules:
    """All schedules with their occurrences."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- schedules

    def list(self) -> builtins.list[StoredSchedule]:
        """Return all, by name."""
        with self._database.reading() as connection:
            return [_stored(row) for row in connection.execute(_BY_NAME)]

    def get(self, name: str) -> StoredSchedule:
        """Return one.

        Raises:
            NotFoundError: when there is none of that name.
        """
        known = {each.name: each for each in self.list()}
        if name not in known:
            raise NotFoundError("schedule", name, known)
        return known[name]

    def put(
        self,
        name: str,
        settings: Mapping[str, Any] | None,
        trigger: Mapping[str, Any],
        *,
        actor: str,
        roles: Iterable[str],
        joined: Connection | None = None,
    ) -> None:
        """Write a schedule; where its trigger is the same, it stays as far as it has come.

        Args:
            name: the schedule.
            settings: what it is; None where sftsec.yaml says it.
            trigger: all that says when it is due.
            actor: who makes or changes it.
            roles: that actor's.
            joined: a transaction to take part in.

        Raises:
            StoreError: when the database refuses.
        """
        now = self._database.clock()
        said = {"settings": settings, "trigger": trigger, "actor": actor, "roles": sorted(roles)}
        begun = {"since": now, "anchor": now, "fired": None}
        with self._database.writing(joined) as connection:
            new = {"name": name, **said, **begun, "paused": False, "version": 1}
            if insert_new(connection, schedules, [new]):
                return
            row = connection.execute(_named(name).with_for_update()).one()
            again = {} if row.trigger == trigger else begun
            if again or any(getattr(row, key) != value for key, value in said.items()):
                values = {**said, **again, "version": row.version + 1}
                connection.execute(_change(name).values(values))

    def set_paused(self, name: str, paused: bool, joined: Connection | None = None) -> None:
        """Pause a schedule or resume it; resumed, its times count from now on."""
        values: dict[str, Any] = {"paused": paused, "version": schedules.c.version + 1}
        if not paused:
            values["since"] = self._database.clock()
        with self._database.writing(joined) as connection:
            connection.execute(_change(name).values(values))

    def remove(self, name: str, joined: Connection | None = None) -> None:
        """Forget a schedule; its occurrences stay."""
        with self._database.writing(joined) as connection:
            connection.execute(delete(schedules).where(schedules.c.name == name))

    # --- occurrences

    def advance(
        self, schedule: StoredSchedule, state: ScheduleState, found: Sequence[ScheduleOccurrence]
    ) -> bool:
        """Record occurrences and move their schedule on, in one transaction.

        Returns:
            False where another process has changed the schedule since it was read; then nothing
            is recorded.

        Raises:
            StoreError: when the database refuses.
        """
        values = {"since": state.since, "fired": state.fired, "version": schedule.version + 1}
        mine = and_(schedules.c.name == schedule.name, schedules.c.version == schedule.version)
        with self._database.writing() as connection:
            if connection.execute(update(schedules).where(mine).values(values)).rowcount != 1:
                return False
            # One that was recorded before its schedule was removed and made again is accounted for.
            insert_new(connection, occurrences, [self._row(each) for each in found])
        return True

    def add_occurrence(self, found: ScheduleOccurrence, joined: Connection | None = None) -> None:
        """Record one that a person asked for.

        Raises:
            StoreError: when there is one of that moment already, or the database refuses.
        """
        with self._database.writing(joined) as connection:
            connection.execute(insert(occurrences).values(self._row(found)))

    def pending(self) -> builtins.list[ScheduleOccurrence]:
        """Return those that have to become runs, oldest first."""
        query = select(occurrences).where(occurrences.c.status == PENDING)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(occurrences.c.due_at, occurrences.c.schedule))
            return [ScheduleOccurrence(**row._mapping) for row in rows]

    def settle(
        self, found: ScheduleOccurrence, status: str, run_id: str | None, reason: str | None = None
    ) -> None:
        """Record what a pending occurrence has become."""
        mine = (occurrences.c.schedule == found.schedule, occurrences.c.due_at == found.due_at)
        values = {"status": status, "run_id": run_id, "reason": reason or found.reason}
        with self._database.writing() as connection:
            connection.execute(update(occurrences).where(*mine).values(values))

    def run_of(self, found: ScheduleOccurrence) -> str:
        """Return the id of the run that was queued for an occurrence.

        Raises:
            StoreError: when there is none.
        """
        mine = (runs.c.schedule == found.schedule, runs.c.due_at == found.due_at)
        with self._database.reading() as connection:
            run_id = connection.execute(select(runs.c.id).where(*mine)).scalar_one_or_none()
        if run_id is None:
            raise StoreError(f"no run of {found.schedule} at {found.due_at.isoformat()} is queued")
        return str(run_id)

    def history(self, name: str, limit: int = 20) -> builtins.list[ScheduleOccurrence]:
        """Return a schedule's occurrences, newest first."""
        query = select(occurrences).where(occurrences.c.schedule == name)
        query = query.order_by(occurrences.c.due_at.desc()).limit(limit)
        with self._database.reading() as connection:
            return [ScheduleOccurrence(**row._mapping) for row in connection.execute(query)]

    # --- what triggers ask

    def unfinished(self, name: str) -> str | None:
        """Return the id of a run of a schedule that has not ended; "" for one that waits for it."""
        query = (
            select(func.coalesce(occurrences.c.run_id, ""))
            .select_from(occurrences.outerjoin(runs, runs.c.id == occurrences.c.run_id))
            .where(
                occurrences.c.schedule == name,
                (occurrences.c.status == PENDING) | runs.c.status.in_(_UNFINISHED),
            )
            .limit(1)
        )
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    def ends(self) -> dict[tuple[str, str, str], tuple[datetime, datetime]]:
        """Return, by kind, task and status, when the newest ended runs began and ended (UTC).

        What is read of the runs for all triggers at once: a scheduler asks each second.
        """
        by = (runs.c.kind, runs.c.task, runs.c.status)
        newest = (func.max(runs.c.started_at), func.max(runs.c.finished_at))
        query = select(*by, *newest).where(runs.c.status.in_(_ENDED)).group_by(*by)
        with self._database.reading() as connection:
            return {
                (k, t, s): (begun, ended) for k, t, s, begun, ended in connection.execute(query)
            }

    def promotions(self) -> dict[str, datetime]:
        """Return when the live model of each task changed last (UTC)."""
        query = select(alias_history.c.task, func.max(alias_history.c.at))
        query = query.where(alias_history.c.alias == _LIVE).group_by(alias_history.c.task)
        with self._database.reading() as connection:
            return {row.task: row[1] for row in connection.execute(query)}

    def pulled(
        self, connectors: Sequence[str], after: datetime | None, count: int
    ) -> builtins.list[datetime]:
        """Return when the first verdicts after a moment were pulled (UTC), at most `count`."""
        query = select(verdicts.c.pulled_at).where(verdicts.c.connector.in_(connectors))
        if after is not None:
            query = query.where(verdicts.c.pulled_at > after)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(verdicts.c.pulled_at).limit(count))
            return list(found.scalars())

    def reached(self, kind: str, task: str, end: str, after: datetime | None) -> datetime | None:
        """Return when a run of a kind on a task first came to an end after a moment (UTC).

        Args:
            kind: of the run.
            task: its task.
            end: its status, "ended" for any, or "promoted": another model went live.
            after: only later ones; None for all.
        """
        if end == "promoted":
            moment = alias_history.c.at
            query = select(func.min(moment)).where(
                alias_history.c.task == task, alias_history.c.alias == _LIVE
            )
        else:
            moment = runs.c.finished_at
            query = select(func.min(moment)).where(runs.c.kind == kind, runs.c.task == task)
            query = query.where(runs.c.status == end) if end != "ended" else query
        if after is not None:
            query = query.where(moment > after)
        with self._database.reading() as connection:
            found: datetime | None = connection.execute(query).scalar_one()
        return found

    def _row(self, found: ScheduleOccurrence) -> dict[str, Any]:
        names = ("schedule", "due_at", "last_at", "count", "status", "reason", "not_before")
        said = {name: getattr(found, name) for name in names}
        return {**said, "run_id": found.run_id, "recorded_at": self._database.clock()}


_BY_NAME = select(schedules).order_by(schedules.c.name)


def _named(name: str) -> Any:  # noqa: ANN401 - SQLAlchemy's own, of all columns
    return select(schedules).where(schedules.c.name == name)


def _change(name: str) -> Any:  # noqa: ANN401 - SQLAlchemy's own
    return update(schedules).where(schedules.c.name == name)


def _stored(row: Row[Any]) -> StoredSchedule:
    state = ScheduleState(row.since, row.anchor, row.fired, row.paused)
    return StoredSchedule(
        row.name, row.settings, row.trigger, row.actor, tuple(row.roles), state, row.version
    )

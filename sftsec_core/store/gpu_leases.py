"""Leases of GPUs: which run may compute on which device, and for how long.

A device, or a MIG slice, has at most one open lease, which a unique index holds. It is known by
its UUID, which no other machine has and every container of one machine sees. The run renews the
lease; one that is renewed no more ends by itself, and anyone may take the device. A lease that
has ended is never renewed: its id is what fences a process that came back too late.

Ended leases stay for 30 days: they tell who computed how long, and which devices to leave alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import uuid4

from sqlalchemy import delete, insert, or_, select, update

from sftsec_core.api.errors import NotFoundError, StoreError
from sftsec_core.store.dialects import lock_table
from sftsec_core.store.tables import gpu_leases as table

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from sftsec_core.store.audit import AuditLog
    from sftsec_core.store.database import Database

RETURNED, EXPIRED, RELEASED, FAILED, CROWDED = (
    *("returned", "expired", "released"),
    *("failed", "crowded"),
)
# After these the device itself is to be left alone for a while.
TAKEN_AWAY = (RELEASED, FAILED, CROWDED)
KEPT = timedelta(days=30)
SHARE_OVER = timedelta(days=7)
HALF_LIFE = timedelta(days=2)
_KILLED = "the run's process was killed"


class OfTask(Protocol):
    """Anything that belongs to a task, such as a run that waits."""

    @property
    def task(self) -> str:
        """The task's name."""


OfTaskT = TypeVar("OfTaskT", bound=OfTask)


@dataclass(frozen=True, slots=True)
class GpuLeaseOrder:
    """What a run wants to hold.

    Attributes:
        devices: UUID to index of those that will do, in the order in which they are preferred.
        count: how many of them.
        lease: how long the lease lasts unless it is renewed.
        rest: a device that a run lost is not taken again for so long.
    """

    run_id: str
    task: str
    host: str
    devices: Mapping[str, str]
    lease: timedelta
    rest: timedelta = timedelta(0)
    count: int = 1


@dataclass(frozen=True, slots=True)
class GpuLeaseInfo:
    """A lease.

    Attributes:
        devices: UUID to index.
        until: when it ends unless it is renewed, or ended (UTC).
        end: how it ended: "returned", "expired", "released", "failed" or "crowded"; None: it is
            open.
        reason: one line for a person; "" where there is nothing to say.
    """

    id: str
    run_id: str
    task: str
    host: str
    devices: Mapping[str, str]
    taken_at: datetime
    until: datetime
    end: str | None = None
    reason: str = ""

    def seconds(self, now: datetime) -> float:
        """GPU seconds so far: the time that it was held, times its devices."""
        return max(0.0, (min(self.until, now) - self.taken_at).total_seconds()) * len(self.devices)


class GpuLeases:
    """All leases. Methods that change them write the audit log in the same transaction."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    def take(self, order: GpuLeaseOrder) -> GpuLeaseInfo | None:
        """Lease the first devices of an order that nobody holds; all of them or none.

        What the same run held before is free again: the process that held it is gone.

        Returns:
            The lease; None when too few devices are free.
        """
        with self._database.writing() as connection:
            lock_table(connection, table)
            # Read once it is our turn: else a lease might begin before the one before it ended.
            now = self._database.clock()
            self._tidy(connection, order.run_id, now)
            taken = {*_open_devices(connection), *self._resting(connection, now - order.rest)}
            free = [uuid for uuid in order.devices if uuid not in taken][: order.count]
            if len(free) < order.count:
                return None
            lease = GpuLeaseInfo(
                uuid4().hex[:12],
                order.run_id,
                order.task,
                order.host,
                {uuid: order.devices[uuid] for uuid in free},
                now,
                now + order.lease,
            )
            connection.execute(insert(table), _rows(lease))
            self._log(connection, "gpu.leased", lease)
        return lease

    def renew(self, lease_id: str, lease: timedelta) -> str | None:
        """Prolong a lease from now.

        Returns:
            None when it was prolonged; else the line that says why it has ended.
        """
        with self._database.writing() as connection:
            until = self._database.clock() + lease
            own = (table.c.id == lease_id, table.c.ended_at.is_(None))
            if connection.execute(update(table).where(*own).values(lease_until=until)).rowcount:
                return None
        ended = self.get(lease_id)
        return ended.reason or f"its lease {lease_id} has ended"

    def end(self, lease_id: str, end: str = RETURNED, reason: str = "") -> bool:
        """End a lease; return False when it had ended already.

        Args:
            lease_id: the whole id.
            end: "returned" by the run; "failed" or "crowded" when the device was no use any more.
            reason: one line that says why.
        """
        return self._end(lease_id, end, reason, action="gpu.returned")

    def release(self, lease_id: str, reason: str, *, actor: str | None = None) -> GpuLeaseInfo:
        """Take the devices of an open lease away from its run, which ends and can be resumed.

        Args:
            lease_id: the id or its beginning.
            reason: why; the run says it too.
            actor: who does it, for the audit log.

        Raises:
            NotFoundError: when no open lease begins so.
            StoreError: when several do, or it ended a moment ago.
        """
        known = self.list()
        found = [each for each in known if each.id.startswith(lease_id)]
        if not found or not lease_id:
            raise NotFoundError("GPU lease", lease_id, [each.id for each in known])
        if len(found) > 1:
            several = ", ".join(each.id for each in found)
            raise StoreError(f"GPU lease {lease_id!r} is ambiguous: it may be {several}")
        if not self._end(found[0].id, RELEASED, reason, action="gpu.released", actor=actor):
            raise StoreError(f"GPU lease {found[0].id} ended a moment ago")
        return self.get(found[0].id)

    # --- reading

    def now(self) -> datetime:
        """Return the present moment by the store's clock (UTC)."""
        return self._database.clock()

    def get(self, lease_id: str) -> GpuLeaseInfo:
        """Return a lease by its whole id.

        Raises:
            NotFoundError: when there is none.
        """
        found = self._select(table.c.id == lease_id)
        if not found:
            raise NotFoundError("GPU lease", lease_id, ())
        return found[0]

    def list(self, *, ended: bool = False, limit: int = 100) -> builtins.list[GpuLeaseInfo]:
        """Return open leases, newest first; those that ended too, where that is asked."""
        now = self._database.clock()
        lasting = (table.c.ended_at.is_(None), table.c.lease_until > now)
        return self._select(*(() if ended else lasting))[:limit]

    def resting(self, rest: timedelta) -> dict[str, str]:
        """Return the devices that are to be left alone, with the reason.

        Args:
            rest: for how long, from when a run lost the device.
        """
        with self._database.reading() as connection:
            return self._resting(connection, self._database.clock() - rest)

    def gpu_hours(self, task: str, since: datetime) -> float:
        """Return the hours of GPU time that a task has had since a moment, open leases too."""
        now, total = self._database.clock(), 0.0
        for lease in self._since(since):
            if lease.task == task:
                before = max(0.0, (since - lease.taken_at).total_seconds()) * len(lease.devices)
                total += max(0.0, lease.seconds(now) - before)
        return total / 3600

    def fair_order(self, candidates: Iterable[OfTaskT]) -> builtins.list[OfTaskT]:
        """Order what waits: first that whose task had the least GPU time of late.

        The time of the last 7 days counts, half as much for every 2 days that passed since. Among
        equals the given order stays.
        """
        now, used = self._database.clock(), defaultdict[str, float](float)
        for lease in self._since(now - SHARE_OVER):
            age = max(timedelta(0), now - lease.until)
            used[lease.task] += lease.seconds(now) * 0.5 ** (age / HALF_LIFE)
        return sorted(candidates, key=lambda each: used[each.task])

    # --- inside

    def _tidy(self, connection: Connection, run_id: str, now: datetime) -> None:
        """End what was renewed no more and what the run held before; forget what is old."""
        still = table.c.ended_at.is_(None)
        over = update(table).where(still, table.c.lease_until <= now)
        connection.execute(over.values(ended_at=table.c.lease_until, end=EXPIRED, reason=_KILLED))
        own = update(table).where(still, table.c.run_id == run_id)
        connection.execute(own.values(ended_at=now, end=EXPIRED, reason=_KILLED))
        connection.execute(delete(table).where(table.c.ended_at < now - KEPT))

    def _end(
        self, lease_id: str, end: str, reason: str, *, action: str, actor: str | None = None
    ) -> bool:
        with self._database.writing() as connection:
            lock_table(connection, table)
            values = {"ended_at": self._database.clock(), "end": end, "reason": reason}
            own = (table.c.id == lease_id, table.c.ended_at.is_(None))
            if not connection.execute(update(table).where(*own).values(values)).rowcount:
                return False
            rows = connection.execute(select(table).where(table.c.id == lease_id)).all()
            self._log(connection, action, _leases(rows)[0], actor)
        return True

    def _log(
        self, connection: Connection, action: str, lease: GpuLeaseInfo, actor: str | None = None
    ) -> None:
        said = {"run": lease.run_id, "task": lease.task, "devices": [*lease.devices]}
        if lease.reason:
            said["reason"] = lease.reason
        self._audit.append(action, lease.id, said, actor=actor, joined=connection)

    def _resting(self, connection: Connection, since: datetime) -> dict[str, str]:
        query = (
            select(table.c.device, table.c.reason)
            .where(table.c.end.in_(TAKEN_AWAY), table.c.ended_at > since)
            .order_by(table.c.ended_at)
        )
        return {row.device: row.reason for row in connection.execute(query)}

    def _since(self, moment: datetime) -> builtins.list[GpuLeaseInfo]:
        return self._select(or_(table.c.ended_at.is_(None), table.c.ended_at > moment))

    def _select(self, *conditions: ColumnElement[bool]) -> builtins.list[GpuLeaseInfo]:
        query = select(table).where(*conditions)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(table.c.taken_at.desc(), table.c.id)).all()
        return _leases(rows)


def _open_devices(connection: Connection) -> set[str]:
    query = select(table.c.device).where(table.c.ended_at.is_(None))
    return set(connection.execute(query).scalars())


def _rows(lease: GpuLeaseInfo) -> list[dict[str, Any]]:
    return [
        {
            "id": lease.id,
            "device": uuid,
            "device_index": index,
            "host": lease.host,
            "run_id": lease.run_id,
            "task": lease.task,
            "taken_at": lease.taken_at,
            "lease_until": lease.until,
            "reason": "",
        }
        for uuid, index in lease.devices.items()
    ]


def _leases(rows: Sequence[Row[Any]]) -> list[GpuLeaseInfo]:
    """Rows, one a device, as leases in the order of the rows."""
    grouped: dict[str, list[Row[Any]]] = {}
    for row in rows:
        grouped.setdefault(row.id, []).append(row)
    return [
        GpuLeaseInfo(
            first.id,
            first.run_id,
            first.task,
            first.host,
            {row.device: row.device_index for row in of_lease},
            first.taken_at,
            first.ended_at or first.lease_until,
            first.end,
            first.reason,
        )
        for of_lease in grouped.values()
        for first in of_lease[:1]
    ]

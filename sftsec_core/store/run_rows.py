"""What rows of runs mean: their statuses, whose lease has ended, which may be removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import and_, or_

from sftsec_core.api.domain import RunInfo
from sftsec_core.store.canonical import digest
from sftsec_core.store.scrub import without_secrets
from sftsec_core.store.tables import runs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row

    from sftsec_core.store.folders import Folders

QUEUED = "queued"
RUNNING = "running"
INTERRUPTED = "interrupted"
CANCELLED = "cancelled"
ENDED = ("succeeded", "refused", "failed", CANCELLED)
# Why a run that is under way is to stop; a worker looks at it, and so does the run itself.
CANCEL, DRAIN = "cancel", "drain"


def new_id(now: datetime) -> str:
    """A run's id; ids sort by time."""
    return f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Return the hex SHA-256 that tells whether two runs are shaped by the same settings."""
    return digest(without_secrets(settings))


def ended_lease(now: datetime) -> ColumnElement[bool]:
    """The condition on `runs` of a running run whose holder renews its lease no more."""
    return and_(runs.c.status == RUNNING, runs.c.lease_until < now)


def waiting() -> ColumnElement[bool]:
    """The condition on `runs` of those that wait in the queue, to begin or to be resumed."""
    return and_(
        runs.c.queued_at.is_not(None), or_(runs.c.status == QUEUED, runs.c.status == INTERRUPTED)
    )


def unchanged(row: Row[Any]) -> tuple[ColumnElement[bool], ...]:
    """The condition of a row that nobody has changed since it was read."""
    return (
        runs.c.id == row.id,
        runs.c.holder == row.holder,
        runs.c.fence == row.fence,
        runs.c.status == row.status,
        runs.c.heartbeat_at == row.heartbeat_at,
    )


def was_killed(row: Row[Any]) -> bool:
    """Whether a run's last holder did not let go of it, so that it may still be at work."""
    return bool(row.lease_until > row.heartbeat_at)


def run_info(row: Row[Any], folders: Folders) -> RunInfo:
    """A row as the value that others see."""
    return RunInfo(
        id=row.id,
        kind=row.kind,
        task=row.task,
        status=row.status,
        folder=folders.found(row.folder),
        started_at=row.started_at,
        finished_at=row.finished_at,
        error=row.error,
    )

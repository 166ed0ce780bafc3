"""What is asked of the queue, what waits in it, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from sftsec_core.api.domain import RunInfo


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is to run.

    Attributes:
        kind: "retrain", "score", "dataset", "request-labels", "audit-push", "drift" or "gc".
        task: the task's name; "*" for a kind that concerns no single one.
        parameters: of the kind, a JSON value.
        actor: on whose behalf.
        roles: the roles of the actor.
        priority: higher first.
        retries: how often it is begun again after what may pass, such as a lost connection.
        timeout_s: how long an attempt may take; None for ever.
        needs: what it needs of a worker, a JSON value; None for nothing.
        schedule: the schedule that asks for it, with `due_at`.
        due_at: which occurrence of the schedule it is (UTC).
        not_before: it waits until then (UTC).
        overlap: it may begin while another kind runs on the task.
    """

    kind: str
    task: str
    parameters: Mapping[str, Any]
    actor: str
    roles: Sequence[str]
    priority: int = 0
    retries: int = 0
    timeout_s: float | None = None
    needs: Mapping[str, Any] | None = None
    schedule: str | None = None
    due_at: datetime | None = None
    not_before: datetime | None = None
    overlap: bool = False


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A run of the queue.

    Attributes:
        queued_at: when it was asked for (UTC); an interruption keeps it.
        attempt: how often it was begun, interruptions by a stopped or killed worker apart.
        worker: who runs it; None while it waits.
        stop: "cancel" or "drain" once it is to stop.
    """

    info: RunInfo
    request: RunRequest
    queued_at: datetime
    attempt: int
    worker: str | None
    stop: str | None


@dataclass(frozen=True, slots=True)
class ClaimedRun(QueuedRun):
    """A run that a worker is to begin.

    Attributes:
        holder: under which name it is held until the process that runs it takes it up.
        fence: how often it was taken.
    """

    holder: str = field(default="", repr=False)
    fence: int = 0


Prefer = Callable[[Sequence[QueuedRun]], Iterable[QueuedRun]]


def in_order(found: Sequence[QueuedRun], prefer: Prefer | None) -> Iterator[QueuedRun]:
    """Higher priorities first; among equals as they are preferred, else as they were queued."""
    rows = sorted(found, key=place)
    for _, group in groupby(rows, key=lambda queued: queued.request.priority):
        equals = list(group)
        yield from equals if prefer is None else prefer(equals)


def place(queued: QueuedRun) -> tuple[int, datetime, str]:
    """Where a run stands in the queue; smaller is earlier."""
    return (-queued.request.priority, queued.queued_at, queued.info.id)

"""Measure what the store holds, as figures that a monitoring system reads again and again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Permission
from sftsec_core.operations.authorize import authorize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.domain import ModelRef
    from sftsec_core.operations.context import Context
    from sftsec_core.store.figures import Figure


@dataclass(frozen=True, slots=True)
class StateFigures:
    """The store's figures at a moment.

    Attributes:
        runs: how many have each status.
        model_ages_s: seconds since each task's live model was registered; without those that have
            none.
        outbox_pending: detections that wait to be pushed, by connector.
        gpu_leases: that are open.
        failing_workers: that do not queue all that is due.
        figures: the newest of each that is watched, of each task; none of an earlier model.
    """

    runs: Mapping[str, int]
    model_ages_s: Mapping[str, float]
    outbox_pending: Mapping[str, int]
    gpu_leases: int
    failing_workers: int
    figures: Sequence[Figure]


def measure_state(context: Context) -> StateFigures:
    """Return the figures of all tasks.

    Raises:
        AuthorizationError: when the actor may not see all tasks.
        StoreError: when the store cannot be read.
    """
    authorize(context.actor, Permission.READ)
    store, tasks, now = context.store, list(context.settings.tasks), datetime.now(UTC)
    live = {task: context.registry.live(task) for task in tasks}
    latest = [
        store.figures.latest(task, name) for task in tasks for name in store.figures.names(task)
    ]
    pending = dict.fromkeys(context.settings.connectors, 0)
    for each in store.outbox.counts():
        if each.status == "pending":
            pending[each.connector] = pending.get(each.connector, 0) + each.detections
    return StateFigures(
        store.runs.counts(),
        {task: (now - ref.created_at).total_seconds() for task, ref in live.items() if ref},
        pending,
        len(store.gpu_leases.list()),
        sum(each.failing for each in store.workers.list()),
        [
            figure
            for figure in latest
            if figure is not None and figure.is_of(_digest(live[figure.task]))
        ],
    )


def _digest(ref: ModelRef | None) -> str | None:
    return ref.digest if ref else None

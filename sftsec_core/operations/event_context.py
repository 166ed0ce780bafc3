"""The figures of earlier events that a task's `context` asks for, of a data set's incidents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sftsec_core.dataset.context.replay import ContextPlan, replay_snapshot, with_context

if TYPE_CHECKING:
    from sftsec_core.api.domain import Incident
    from sftsec_core.dataset.resolve import Resolution
    from sftsec_core.dataset.snapshot import Snapshot
    from sftsec_core.operations.context import Context


@dataclass(frozen=True, slots=True)
class SnapshotContext:
    """What a data set's events say of each other.

    Attributes:
        add: gives a labelled incident its figures.
        counts: what the report says: events that counted, those without a time, those dated
            ahead, and keys that were forgotten; empty for a task without `context`.
    """

    add: Callable[[Incident], Incident]
    counts: dict[str, int]

    @property
    def shown(self) -> dict[str, int]:
        """The counts as a stage shows them."""
        return {f"context: {name.replace('_', ' ')}": n for name, n in self.counts.items()}


def snapshot_context(
    context: Context, name: str, snapshot: Snapshot, resolution: Resolution
) -> SnapshotContext:
    """Replay a task's data set in the order of time."""
    task = context.task(name)
    if task.context is None:
        return SnapshotContext(lambda incident: incident, {})
    plan = ContextPlan(task.context, context.salt, datetime.now(UTC), task.benign)
    names = task.context.inputs
    found = replay_snapshot(plan, snapshot, resolution)
    counts = found.state.counts
    return SnapshotContext(
        lambda incident: with_context(incident, names, found.values.get(incident.uid)),
        {
            "events": counts.added,
            "events_without_time": found.untimed,
            "events_dated_ahead": counts.ahead,
            "keys": len(found.state),
            "keys_forgotten": counts.evicted,
        },
    )

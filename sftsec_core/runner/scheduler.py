"""The scheduler that each worker has: it queues the runs of schedules that are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.operations.enqueue_due import enqueue_due
from sftsec_core.store.columns import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sftsec_core.api.domain import RunInfo
    from sftsec_core.operations.context import Context


class Scheduler:
    """Any number of them may look at the same schedules; each occurrence is queued once."""

    def __init__(self, context: Context, clock: Callable[[], datetime] = utc_now) -> None:
        """Take what to look at, and what tells the present moment (UTC)."""
        self._context = context
        self._clock = clock

    def tick(self) -> list[RunInfo]:
        """Queue what is due, account for what was missed, and return the runs queued now.

        Raises:
            ScheduleError: when some schedules cannot run; the others were queued.
            StoreError: when the database refuses; the next tick does what this one left.
        """
        return enqueue_due(self._context, self._clock())

"""What triggers ask of the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Facts(Protocol):
    """What a plan may know; all times in UTC, `after` None is from the beginning."""

    def unfinished(self, schedule: str) -> str | None:
        """The id of a run of this schedule that has not ended."""

    def last_run(self, kind: str, task: str) -> tuple[datetime, datetime] | None:
        """Start and end of the newest ended run of a kind on a task, by anyone."""

    def new_verdicts(
        self, task: str, after: datetime | None, count: int
    ) -> tuple[int, datetime | None]:
        """How many were pulled, at most `count`, and when the `count`th was."""

    def figures(
        self, task: str, name: str, after: datetime | None
    ) -> Sequence[tuple[datetime, float]]:
        """Times and values of a figure, oldest first."""

    def reached(self, kind: str, task: str, end: str, after: datetime | None) -> datetime | None:
        """When a run of a kind first came to this end after a moment."""

"""The clock, and the bounds in time of a pull."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sftsec_core.api.domain import PullWindow


def utc_now() -> datetime:
    """Return this machine's time (UTC): the clock of a connector outside of tests."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """From `since` up to, and without, `until`; None: no bound."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, window: PullWindow, settle: timedelta, clock: Callable[[], datetime]) -> TimeBounds:
        """Return a window's bounds; events that are to be scored must be older than `settle`.

        A cursor stands after the newest event that was read. Without this an event that arrives
        a little late would lie before it, and would never be scored.
        """
        until = window.until
        if window.labelled is False and settle:
            settled = clock() - settle
            until = min(until, settled) if until else settled
        return cls(window.since, until)

    def contains(self, at: datetime | None) -> bool:
        """Return whether a time lies between the bounds; an unknown time does only without any."""
        if self.since is None and self.until is None:
            return True
        if at is None:
            return False
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def takes_the_same(
    window: PullWindow, since: datetime | None, first: datetime | None, last: datetime | None
) -> bool:
    """Return whether a window takes of some records those that one from `since` on took.

    Args:
        window: the one of now.
        since: where the earlier one began; None for all time.
        first: the earliest time of the records; None where none has one.
        last: their latest one.
    """
    if window.until is not None or (window.since is None) != (since is None):
        return False
    if since is None or window.since is None or first is None or last is None:
        return True
    early, late = sorted((since, window.since))
    return early == late or first >= late or last < early

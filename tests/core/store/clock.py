"""A clock that a test sets."""

from __future__ import annotations

from datetime import UTC, datetime

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Clock:
    """Tells the time that a test sets; noon at first."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

"""Times as Splunk writes them: numbers since 1970, or text of one, and ISO 8601."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.sdk.records import UnusableError, parse_time
from sftsec_core.sdk.times import TimeReader

if TYPE_CHECKING:
    from datetime import datetime

SECONDS = TimeReader(("epoch",))
SECONDS_OF_ANY_TIME = TimeReader(("epoch",), any_time=True)


def time_or_none(value: object) -> datetime | None:
    """Read a time that only helps to find an event; None where it cannot be read."""
    try:
        return parse_time(value, "time")
    except UnusableError:
        return None


def sort_seconds(value: object) -> float:
    """Seconds since 1970 to sort by; 0.0 where there is no time, or one that cannot be read."""
    at = time_or_none(value)
    return 0.0 if at is None else at.timestamp()

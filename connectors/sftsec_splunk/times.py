"""Times as Splunk writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import SupportsFloat, SupportsIndex

from sftsec_core.sdk.records import UnusableError, parse_time


def epoch(value: object) -> datetime | None:
    """Read seconds since 1970, as a number or as text; None where it is none."""
    if isinstance(value, str | SupportsFloat | SupportsIndex):
        try:
            return datetime.fromtimestamp(float(value), UTC)
        except (ValueError, OverflowError, OSError):
            return None
    return None


def time_of(value: object) -> datetime | None:
    """Read seconds since 1970, or ISO 8601; None where it is neither."""
    found = epoch(value)
    if found is not None:
        return found
    try:
        return parse_time(value, "time")
    except UnusableError:
        return None

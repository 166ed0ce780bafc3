"""Splunk's time modifiers: `-24h@h`, `now`, `@d+2h`, epoch seconds, ISO and American dates."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tests.servers.splunkd.spl.lexer import SplError

_STEP = re.compile(r"([+-])(\d*)([a-z]+)|@([a-z]+)(\d?)")
_UNITS = {
    "s": "second", "sec": "second", "secs": "second", "second": "second", "seconds": "second",
    "m": "minute", "min": "minute", "mins": "minute", "minute": "minute", "minutes": "minute",
    "h": "hour", "hr": "hour", "hrs": "hour", "hour": "hour", "hours": "hour",
    "d": "day", "day": "day", "days": "day",
    "w": "week", "week": "week", "weeks": "week",
    "mon": "month", "month": "month", "months": "month",
    "q": "quarter", "qtr": "quarter", "quarter": "quarter", "quarters": "quarter",
    "y": "year", "yr": "year", "yrs": "year", "year": "year", "years": "year",
}  # fmt: skip
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_FORMATS = (
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S",
    "%m/%d/%Y:%H:%M:%S",
    "%Y-%m-%d",
)


def moment(text: str, now: float) -> float:
    """Epoch seconds of a time modifier.

    Raises:
        SplError: when it is none.
    """
    text = text.strip().removeprefix("rt") or "now"
    try:
        return float(text)
    except ValueError:
        pass
    absolute = _absolute(text)
    return _relative(text.removeprefix("now"), now) if absolute is None else absolute


def _absolute(text: str) -> float | None:
    for pattern in _FORMATS:
        try:
            read = datetime.strptime(text, pattern)  # noqa: DTZ007 - made aware below
        except ValueError:
            continue
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    return None


def _relative(text: str, now: float) -> float:
    at, place = datetime.fromtimestamp(now, UTC), 0
    while place < len(text):
        step = _STEP.match(text, place)
        unit = _UNITS.get((step[3] or step[4]) if step else "")
        if step is None or unit is None:
            raise SplError(f'Invalid value "{text}" for time term')
        if step[4]:
            at = _snapped(at, unit, step[5])
        else:
            at = moved(at, unit, int(f"{step[1]}{step[2] or 1}"))
        place = step.end()
    return at.timestamp()


def moved(at: datetime, unit: str, steps: int) -> datetime:
    if unit in _SECONDS:
        return at + timedelta(seconds=steps * _SECONDS[unit])
    months = at.year * 12 + at.month - 1 + steps * _MONTHS[unit]
    for day in (at.day, 30, 29, 28):
        try:
            return at.replace(year=months // 12, month=months % 12 + 1, day=day)
        except ValueError:
            continue
    raise SplError("the date is out of range")


def _snapped(at: datetime, unit: str, weekday: str) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    quarter = (at.month - 1) // 3 * 3 + 1
    return {
        "second": at.replace(microsecond=0),
        "minute": at.replace(second=0, microsecond=0),
        "hour": at.replace(minute=0, second=0, microsecond=0),
        "day": midnight,
        # Weeks begin on Sunday, which is 0.
        "week": midnight - timedelta(days=(at.isoweekday() - int(weekday or 0)) % 7),
        "month": midnight.replace(day=1),
        "quarter": midnight.replace(month=quarter, day=1),
        "year": midnight.replace(month=1, day=1),
    }[unit]


def iso(at: float) -> str:
    """As Atom and results write a time: milliseconds and an offset."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def span_seconds(text: str) -> float:
    """The seconds of a span such as `5m`; a bare number is itself."""
    read = re.fullmatch(r"(\d+(?:\.\d+)?)([a-z]*)", text)
    unit = _UNITS.get(read[2]) if read and read[2] else "second"
    if read is None or unit not in _SECONDS:
        raise SplError(f"Error in 'bin' command: The value for option span ({text}) is invalid.")
    return float(read[1]) * _SECONDS[unit]

"""Spans of a week in which runs may start: `22:00-06:00 mon-fri`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from sftsec_core.config.cron import parse_days

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

_FORM = re.compile(r"(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})(?:\s+(\S.*))?")
_GROUPS = {"weekdays": "mon-fri", "weekends": "sat-sun", "daily": "*"}
_HINT = 'write times and days, such as "22:00-06:00 mon-fri" or "00:00-24:00 weekends"'


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Some hours of some days.

    Attributes:
        begin: minutes after midnight.
        length: minutes, at most 1440; it may pass midnight.
        days: on which it begins, Sunday is 0.
    """

    begin: int
    length: int
    days: frozenset[int]

    def spans(self, day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """When it opens and closes (UTC), where it opens on this day of the zone."""
        if day.isoweekday() % 7 in self.days:
            opens, closes = self.begin, self.begin + self.length
            yield _moment(day, opens, zone), _moment(day, closes, zone)


def parse_time_window(text: str) -> TimeWindow:
    """Read `22:00-06:00 mon-fri`; without days it is every day.

    Raises:
        ValueError: when it is no such text.
    """
    found = _FORM.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"{text!r} is no window: {_HINT}")
    try:
        begin, end = _minutes(found[1]), _minutes(found[2])
        named = _GROUPS.get(found[3] or "daily", found[3] or "")
        days = frozenset().union(*(parse_days(part) for part in re.split(r"[,\s]+", named)))
    except ValueError as error:
        raise ValueError(f"{text!r} is no window ({error}): {_HINT}") from error
    if begin in (end, 24 * 60):
        raise ValueError(f"{text!r} is empty: {_HINT}")
    return TimeWindow(begin, (end - begin) % (24 * 60) or 24 * 60, days)


def opening(windows: tuple[TimeWindow, ...], at: datetime, zone: ZoneInfo) -> datetime:
    """The first moment from `at` on (UTC) that lies in one of the windows; `at` where none is."""
    if not windows:
        return at
    today = at.astimezone(zone).date()
    later: list[datetime] = []
    # A window may have opened yesterday, and each opens at least once a week.
    for offset in range(-1, 9):
        for window in windows:
            for opens, closes in window.spans(today + timedelta(days=offset), zone):
                if opens <= at < closes:
                    return at
                later += [opens] if opens > at else []
    return min(later)


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(minutes, 24 * 60)
    local = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
    return local.astimezone(UTC)


def _minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > 24 * 60:
        raise ValueError(f"{text} is no time of day")
    return found

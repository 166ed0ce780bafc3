"""Crontab's five fields, as crontab means them, for APScheduler's trigger.

APScheduler counts weekdays from Monday = 0, crontab from Sunday = 0: here numbers mean what they
mean in a crontab. Times that a change of the clocks skips or repeats are APScheduler's to decide.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import tzinfo

    from apscheduler.triggers.cron import CronTrigger

_NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * sun",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FORM = 'write minute, hour, day, month and weekday ("0 2 * * mon-fri"), or @daily'


@lru_cache(maxsize=1024)
def cron_trigger(text: str, zone: tzinfo) -> CronTrigger:
    """Make APScheduler's trigger of a crontab's five fields or a name such as @daily.

    Raises:
        ValueError: when it is none, or such a time never comes.
    """
    from apscheduler.triggers.cron import CronTrigger

    fields = _NAMES.get(text.strip().lower(), text).lower().split()
    if len(fields) != 5:
        raise ValueError(f"{text!r} is no crontab time: {_FORM}")
    if not fields[2].startswith("*") and not fields[4].startswith("*"):
        raise ValueError(
            f"{text!r} names days of the month and of the week: crontab takes either, others both; "
            "write two triggers (any: [...]) or one of the two fields"
        )
    try:
        weekdays = _weekdays(fields[4])
        trigger = CronTrigger.from_crontab(" ".join([*fields[:4], weekdays]), zone)
    except ValueError as error:
        raise ValueError(f"{text!r} is no crontab time ({error}): {_FORM}") from error
    # 2024 is a leap year: what does not come in four years from then never comes.
    if trigger.get_next_fire_time(None, datetime(2024, 1, 1, tzinfo=UTC)) is None:
        raise ValueError(f"{text!r} never comes: no month has such a day")
    return trigger


def check_cron(text: str) -> str:
    """Return the text of a crontab time.

    Raises:
        ValueError: as `cron_trigger`.
    """
    cron_trigger(text, ZoneInfo("UTC"))
    return text


def _weekdays(field: str) -> str:
    """Crontab's weekdays as names, which mean the same everywhere."""
    if field == "*":
        return field
    found: set[int] = set()
    for part in field.split(","):
        found |= parse_days(part)
    return ",".join(WEEKDAYS[day] for day in sorted(found))


def parse_days(part: str) -> set[int]:
    """Read a weekday or a range of them, `mon-fri`, `5-7` or `*/2`, as numbers (Sunday is 0).

    Raises:
        ValueError: when it is none.
    """
    days, _, step = part.partition("/")
    if step and not (step.isdecimal() and int(step)):
        raise ValueError(f"{part!r} has no step after the slash")
    if days == "*":
        first, last = 0, 6
    else:
        begin, dash, end = days.partition("-")
        first = _weekday(begin)
        # fri-mon and 5-7 pass the end of the week; so does 5/2, which cron takes as 5-6/2.
        last = _weekday(end) if dash else (6 if step else first)
        last += 7 if last < first else 0
    return {day % 7 for day in range(first, last + 1, int(step or 1))}


def _weekday(text: str) -> int:
    if text.isdecimal() and int(text) <= 7:
        return int(text) % 7
    if text[:3] in WEEKDAYS and len(text) in (3, *_LONG):
        return WEEKDAYS.index(text[:3])
    raise ValueError(f"{text!r} is no weekday: {', '.join(WEEKDAYS)}, or 0 to 7 with Sunday 0 or 7")


_LONG = (6, 7, 8, 9)  # monday ... wednesday

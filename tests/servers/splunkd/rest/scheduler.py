"""Scheduled searches: cron, and the alerts that they fire.

Nothing runs by itself here: what was due is made up for when somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.spl.lexer import truth
from tests.servers.splunkd.spl.rows import number

if TYPE_CHECKING:
    from tests.servers.splunkd.entities import Entity
    from tests.servers.splunkd.state import Splunkd

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MOST_STEPS = 527_040  # the minutes of a year


@dataclass
class Schedule:
    """What of the scheduled searches is remembered.

    Attributes:
        looked: until when each search was made up for, by its place.
        fired: the alerts of each search.
        suppressed: until when a search's alerts are held back.
    """

    looked: dict[tuple[str, str, str], float] = field(default_factory=dict)
    fired: dict[tuple[str, str, str], list[dict[str, Any]]] = field(default_factory=dict)
    suppressed: dict[tuple[str, str, str], float] = field(default_factory=dict)


def key_of(entity: Entity) -> tuple[str, str, str]:
    return entity.path_owner, entity.app, entity.name


def _allowed(field_text: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field_text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = int(first)
            end = int(last) if last else (high if step else start)
        if not low <= start <= end <= high:
            raise ValueError(part)
        found |= set(range(start, end + 1, int(step or 1)))
    return found


def times_of(cron: str, start: float, end: float) -> Iterator[float]:
    """The minutes after `start` and up to `end` in which a cron line fires.

    Raises:
        RestError: when it is no cron line.
    """
    parts = cron.split()
    try:
        minutes, hours, days, months, weekdays = (
            _allowed(part, *bounds) for part, bounds in zip(parts, _BOUNDS, strict=True)
        )
    except ValueError:
        raise RestError(400, f'Invalid cron_schedule="{cron}".') from None
    at = datetime.fromtimestamp(start, UTC).replace(second=0, microsecond=0)
    for _ in range(_MOST_STEPS):
        at += timedelta(minutes=1)
        if at.timestamp() > end:
            return
        in_day = at.day in days and at.month in months
        weekday = at.isoweekday() % 7 in {each % 7 for each in weekdays}
        if in_day and weekday and at.hour in hours and at.minute in minutes:
            yield at.timestamp()


def catch_up(splunk: Splunkd) -> None:
    """Run what has become due since the last look."""
    now = splunk.now()
    for entity in splunk.entities.of("saved/searches"):
        key = key_of(entity)
        since = splunk.schedule.looked.get(key, entity.updated)
        scheduled = entity.content["is_scheduled"] and entity.content["cron_schedule"]
        if not scheduled or entity.content["disabled"]:
            continue
        splunk.schedule.looked[key] = now
        due = list(times_of(entity.content["cron_schedule"], since, now))
        if due:  # what was missed is not repeated for each time: the last one counts
            _run(splunk, entity, due[-1])


def _run(splunk: Splunkd, entity: Entity, at: float) -> None:
    try:
        job = splunk.jobs.dispatch_saved(splunk, entity, {}, at)
    except RestError:  # it cannot be read
        return
    held = splunk.schedule.suppressed.get(key_of(entity), 0) > splunk.now()
    if truth(str(entity.content.get("alert.track", ""))) and _fires(entity, job.count) and not held:
        alert = {
            "actions": entity.content.get("actions", ""),
            "alert_type": "historical",
            "digest_mode": True,
            "expiration_time_rendered": "",
            "savedsearch_name": entity.name,
            "severity": entity.content.get("alert.severity", 3),
            "sid": job.sid,
            "trigger_time": int(at),
            "triggered_alerts": 1,
        }
        splunk.schedule.fired.setdefault(key_of(entity), []).append(alert)


def _fires(entity: Entity, count: int) -> bool:
    if entity.content["alert_type"] == "always":
        return True
    limit = number(entity.content["alert_threshold"]) or 0
    fits = {
        "greater than": count > limit,
        "less than": count < limit,
        "equal to": count == limit,
        "not equal to": count != limit,
    }
    return fits.get(str(entity.content["alert_comparator"]), False)

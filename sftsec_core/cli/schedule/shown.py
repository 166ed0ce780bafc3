"""How schedules are printed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from sftsec_core.operations.list_schedules import PlannedSchedule
    from sftsec_core.operations.scheduling import Schedule


def what(schedule: Schedule) -> str:
    """What runs: `retrain phishing`."""
    return " ".join(filter(None, (schedule.settings.run, schedule.settings.task)))


def local(at: datetime | None, schedule: Schedule) -> str | None:
    """A moment in the schedule's time zone."""
    if at is None:
        return None
    return f"{at.astimezone(ZoneInfo(schedule.settings.timezone)):%a %Y-%m-%d %H:%M:%S %Z}"


def next_start(planned: PlannedSchedule) -> str | None:
    """When it runs next, for a table."""
    return "now" if planned.due else local(planned.starts_at, planned.schedule)


def facts_of(planned: PlannedSchedule) -> dict[str, Any]:
    """Names and values, one a line."""
    schedule = planned.schedule
    said = schedule.to_json()
    settings = said.pop("settings")
    return {
        **{name: value for name, value in said.items() if value is not None},
        **{name: value for name, value in settings.items() if name not in ("run", "task")},
        "runs": what(schedule),
        "next": next_start(planned),
        "reason": planned.reason,
    }


def read_moment(text: str | None, zone: str = "UTC") -> datetime | None:
    """Read a time such as 2026-03-29T02:30; without an offset it is in the zone.

    Raises:
        BadParameter: when it is none.
    """
    import click

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no time: write 2026-03-29T02:30+01:00") from error
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)

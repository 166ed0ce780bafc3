"""Crontab's fields mean what they mean in a crontab."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sftsec_core.config.cron import cron_trigger

MONDAY = datetime(2026, 6, 1, 12, tzinfo=UTC)


def days(text: str) -> set[str]:
    """On which days of a week it comes."""
    trigger, at, found = cron_trigger(text, ZoneInfo("UTC")), MONDAY, set()
    for _ in range(7):
        at = trigger.get_next_fire_time(at, at)
        if (at - MONDAY).days < 7:
            found.add(f"{at:%a}".lower())
    return found


class TestWeekdays:
    @pytest.mark.parametrize(
        ("field", "expected"),
        [
            ("0", "sun"), ("7", "sun"), ("1", "mon"), ("sun", "sun"), ("Sunday", "sun"),
            ("1-5", "mon tue wed thu fri"), ("5-7", "fri sat sun"), ("fri-mon", "fri sat sun mon"),
            ("*/2", "sun tue thu sat"), ("1,3", "mon wed"), ("0-6/3", "sun wed sat"),
        ],
    )  # fmt: skip
    def test_are_those_of_a_crontab(self, field: str, expected: str) -> None:
        assert days(f"0 2 * * {field}") == set(expected.split())

    def test_names_stand_for_times(self) -> None:
        assert days("@weekly") == {"sun"}
        assert days("@daily") == {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}


class TestRefusal:
    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("0 2 * *", "minute, hour, day"),
            ("0 25 * * *", "no crontab time"),
            ("0 2 * * 8", "'8' is no weekday"),
            ("0 2 * * mo", "'mo' is no weekday"),
            ("0 2 * * 1/0", "no step"),
            ("0 0 31 2 *", "never comes"),
            ("0 2 1 * mon", "two triggers"),
            ("@often", "no crontab time"),
            ("", "no crontab time"),
        ],
    )
    def test_says_what_is_wrong(self, text: str, says: str) -> None:
        with pytest.raises(ValueError, match=says):
            cron_trigger(text, ZoneInfo("UTC"))

    def test_a_leap_day_is_allowed(self) -> None:
        trigger = cron_trigger("0 0 29 2 *", ZoneInfo("UTC"))
        assert trigger.get_next_fire_time(None, MONDAY) == datetime(2028, 2, 29, tzinfo=UTC)

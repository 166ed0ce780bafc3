"""Spans of a week in which runs may start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.config.time_window import opening, parse_time_window

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = parse_time_window("22:00-06:00 mon-fri")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


class TestOpening:
    @pytest.mark.parametrize(
        ("at", "opens"),
        [
            ("2026-06-01T12:00", "2026-06-01T22:00"),  # Monday noon
            ("2026-06-01T23:00", "2026-06-01T23:00"),
            ("2026-06-06T05:59", "2026-06-06T05:59"),  # the night that Friday began
            ("2026-06-06T06:00", "2026-06-08T22:00"),
            ("2026-06-08T01:00", "2026-06-08T22:00"),  # Sunday began no night
        ],
    )
    def test_is_the_next_moment_inside(self, at: str, opens: str) -> None:
        assert opening((NIGHTS,), local(at), BERLIN) == local(opens)

    def test_the_first_of_several_counts(self) -> None:
        windows = (NIGHTS, parse_time_window("00:00-24:00 weekends"))
        at = local("2026-06-06T12:00")
        assert opening(windows, at, BERLIN) == at

    @pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24"])
    def test_keeps_wall_times_over_clock_changes(self, day: str) -> None:
        """The window closes at six by the wall clock: after seven hours, or after nine."""
        nightly = (parse_time_window("22:00-06:00"),)
        begin = local(f"{day}T22:00")
        inside = [n for n in range(12) if opening(nightly, begin + timedelta(hours=n), BERLIN)
                  == begin + timedelta(hours=n)]  # fmt: skip
        assert len(inside) == (7 if day.startswith("2026-03") else 9)

    @given(st.integers(0, 366 * 24 * 60))
    def test_is_never_before_and_stays(self, minutes: int) -> None:
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        opens = opening((NIGHTS,), at, BERLIN)
        assert at <= opens <= at + timedelta(days=4)
        assert opening((NIGHTS,), opens, BERLIN) == opens

    def test_without_windows_every_moment_serves(self) -> None:
        at = local("2026-06-01T12:00")
        assert opening((), at, BERLIN) == at


class TestParse:
    @pytest.mark.parametrize("text", [
        "9-17", "22:00-06:00 xyz", "25:00-26:00", "22:60-06:00", "10:00-10:00", "24:00-06:00", "",
        "22:00-06:00 mon-", "nights",
    ])  # fmt: skip
    def test_refuses_with_an_example(self, text: str) -> None:
        with pytest.raises(ValueError, match="22:00-06:00 mon-fri"):
            parse_time_window(text)

    @pytest.mark.parametrize(
        ("text", "days"),
        [("22:00-06:00", 7), ("08:00-18:00 weekdays", 5), ("0:00-24:00 Sat,Sun", 2),
         ("08:00-12:00 mon wed fri", 3)],
    )  # fmt: skip
    def test_reads_several_forms(self, text: str, days: int) -> None:
        assert len(parse_time_window(text).days) == days

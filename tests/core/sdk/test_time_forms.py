"""The forms in which consoles, mail and web servers write times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.sdk.time_forms import TimeError, read_console_time, zone_named

EIGHT = datetime(2026, 1, 5, 8)  # noqa: DTZ001 - most forms have no zone
EVENING = datetime(2024, 10, 21, 18, 43, 46)  # noqa: DTZ001 - as above
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31))  # noqa: DTZ001 - as above


def kibana(at: datetime) -> str:
    return f"{at:%b} {at.day}, {at:%Y @ %H:%M:%S.%f}"


def log_analytics(at: datetime) -> str:
    clock = f"{(at.hour - 1) % 12 + 1}:{at:%M:%S.%f}"
    return f"{at.month}/{at.day}/{at:%Y}, {clock} {'PM' if at.hour >= 12 else 'AM'}"


def defender(at: datetime) -> str:
    clock = f"{(at.hour - 1) % 12 + 1}:{at:%M:%S.%f}"
    return f"{at:%b} {at.day}, {at:%Y} {clock} {'PM' if at.hour >= 12 else 'AM'}"


class TestForms:
    @pytest.mark.parametrize(
        "text",
        [
            "Jan 5, 2026 @ 08:00:00.000",
            "January 5, 2026 @ 08:00",
            "1/5/2026, 8:00:00.000 AM",
            "01/05/2026, 08:00:00 am",
            "Jan 5, 2026 8:00:00 AM",
            "Jan 5, 2026, 8:00 AM",
            "2026/01/05 08:00:00",
            "2026/1/5 8:00",
            "2026-01-05 8:00:00 AM",
            "05.01.2026 08:00:00",
            "5.1.2026, 08:00",
            "5 Jan 2026 08:00:00",
            "05-Jan-2026 08:00:00.000000000",
            "05/Jan/26 8:00 AM",
            "5/jan/26, 08:00",
            "Mon Jan 5 08:00:00 2026",
            "20260105080000",
        ],
    )
    def test_without_a_zone_are_read(self, text: str) -> None:
        assert read_console_time(text) == EIGHT

    @pytest.mark.parametrize(
        "text",
        [
            "Mon, 21 Oct 2024 18:43:46 +0000",
            "21 Oct 2024 20:43:46 +0200 (CEST)",
            "Mon, 21 Oct 2024 13:43:46 EST",
            "2024-10-21 18:43:46 UTC",
            "2024-10-21 20:43:46 CEST",
            "2024/10/21 20:43:46 Europe/Berlin",
            "10/21/2024, 6:43:46 PM UTC",
            "21/Oct/2024:20:43:46 +0200",
            "Mon Oct 21 18:43:46 UTC 2024",
            "Mon Oct 21 2024 20:43:46 GMT+0200 (Central European Summer Time)",
            "Oct 21, 2024 @ 18:43:46.000 Z",
        ],
    )
    def test_with_a_zone_are_instants(self, text: str) -> None:
        assert read_console_time(text) == EVENING.replace(tzinfo=UTC)

    @pytest.mark.parametrize("write", [kibana, log_analytics, defender])
    @given(at=MOMENTS)
    def test_of_consoles_give_back_the_time(self, write: object, at: datetime) -> None:
        assert callable(write)
        assert read_console_time(write(at)) == at

    @pytest.mark.parametrize(
        "pattern", ["%Y/%m/%d %H:%M:%S.%f", "%d.%m.%Y %H:%M:%S.%f", "%d %b %Y %H:%M:%S.%f"]
    )
    @given(at=MOMENTS)
    def test_of_numbers_give_back_the_time(self, pattern: str, at: datetime) -> None:
        assert read_console_time(at.strftime(pattern)) == at

    @given(
        at=MOMENTS.map(lambda at: at.replace(microsecond=0)), minutes=st.integers(-14 * 60, 14 * 60)
    )
    def test_of_mail_give_back_the_instant(self, at: datetime, minutes: int) -> None:
        given = at.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        assert read_console_time(given.strftime("%a, %d %b %Y %H:%M:%S %z")) == given


class TestRefusal:
    @pytest.mark.parametrize(
        "text", ["1/5/2026", "01/05/2026 08:00:00", "21/10/2024 18:43", "1/5/2026 8:00:00 AM"]
    )
    def test_names_an_unknown_order(self, text: str) -> None:
        with pytest.raises(TimeError, match="order of day and month is not known: set `time_form"):
            read_console_time(text)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("yesterday", "known form"),
            ("Jan 5 08:00:00", "known form"),
            ("05.01.26 08:00", "known form"),
            ("Oct 21, 2024 @ 18:43:46 CST", "several share"),
            ("2024-10-21 18:43:46 Mars/Base", "several share"),
            ("31.02.2026 08:00", "does not exist"),
            ("1/5/2026, 13:00:00 PM", "AM and PM"),
        ],
    )
    def test_has_a_reason(self, text: str, reason: str) -> None:
        with pytest.raises(TimeError, match=reason.replace("several share", "several zones share")):
            read_console_time(text)


class TestZone:
    @pytest.mark.parametrize("name", ["IST", "CST", "EST", "BST", "PST", "EST5EDT", "../etc/hosts"])
    def test_that_is_ambiguous_is_refused(self, name: str) -> None:
        with pytest.raises(TimeError, match="not known, or that several"):
            zone_named(name)

    @pytest.mark.parametrize("name", ["UTC", "gmt", "Z", "+00:00", "-0000", "UTC+0"])
    def test_of_greenwich_is_utc(self, name: str) -> None:
        assert zone_named(name) is UTC

    def test_has_at_most_fourteen_hours(self) -> None:
        with pytest.raises(TimeError, match="no zone has"):
            zone_named("+15:00")

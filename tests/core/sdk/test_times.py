"""Which forms of times are read, and which instants are believed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.sdk.time_forms import TimeError
from sftsec_core.sdk.times import NAMED_FORMATS, TimeReader, check_format

EIGHT = datetime(2026, 1, 5, 8, tzinfo=UTC)
START = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = int((datetime.now(UTC) + timedelta(hours=23) - START).total_seconds()) * 10**6
MICROS = st.integers(631152000 * 10**6, _LAST)  # from 1990 to tomorrow
USUAL = TimeReader()


def after(micros: int) -> datetime:
    return START + timedelta(microseconds=micros)


class TestEpoch:
    @given(micros=MICROS, unit=st.sampled_from([(1, 10**6), (10**3, 10**3), (10**6, 1)]))
    def test_text_of_whole_units(self, micros: int, unit: tuple[int, int]) -> None:
        per_second, step = unit
        number = micros // step
        expected = after(number * step)
        assert USUAL.read(str(number)) == USUAL.read(number) == expected
        assert TimeReader((dict(_named())[per_second],)).read(str(number)) == expected

    @given(micros=MICROS, rest=st.integers(0, 999))
    def test_text_of_nanoseconds(self, micros: int, rest: int) -> None:
        if micros * 1000 >= 663 * 10**15:  # before 1991 it may be a number of ticks
            assert USUAL.read(str(micros * 1000 + rest)) == after(micros)
        assert TimeReader(("epoch_ns",)).read(str(micros * 1000 + rest)) == after(micros)

    @given(micros=MICROS)
    def test_text_with_a_fraction(self, micros: int) -> None:
        assert USUAL.read(str(Decimal(micros) / 10**6)) == after(micros)
        assert USUAL.read(f" {micros / 10**6:.6f} ") == after(micros)

    @pytest.mark.parametrize("text", ["1612121200123", "1.612121200123E12", "1612121200.123"])
    def test_text_is_not_the_year_1612(self, text: str) -> None:
        assert USUAL.read(text) == datetime(2021, 1, 31, 19, 26, 40, 123000, tzinfo=UTC)

    @pytest.mark.parametrize("value", ["1.61212E+12", "-1767600000", "0", 20260105, "1" * 25])
    def test_out_of_range_or_short_is_refused(self, value: object) -> None:
        with pytest.raises(TimeError, match=r"1990 to tomorrow|lost its last|all times"):
            USUAL.read(value)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, 10**30])
    def test_no_time_at_all_is_refused(self, value: float) -> None:
        with pytest.raises(TimeError, match="outside all times"):
            USUAL.read(value)

    @pytest.mark.parametrize(
        "ticks", [639238896000000000, 134326800000000000, "134326800000000000"]
    )
    def test_ticks_are_no_nanoseconds(self, ticks: object) -> None:
        with pytest.raises(TimeError, match="a number of ticks"):
            USUAL.read(ticks)

    @pytest.mark.parametrize("zone", ["", "+0200", "-0700"])
    def test_of_powershell_is_of_utc(self, zone: str) -> None:
        assert USUAL.read(f"/Date(1612121200123{zone})/") == after(1612121200123000)


def _named() -> list[tuple[int, str]]:
    return [(1, "epoch"), (10**3, "epoch_ms"), (10**6, "epoch_us")]


class TestIso:
    @given(at=MICROS.map(after))
    def test_gives_back_the_time(self, at: datetime) -> None:
        assert USUAL.read(at.isoformat()) == USUAL.read(f"{at:%Y%m%dT%H%M%S.%fZ}") == at

    @pytest.mark.parametrize(
        "text", ["2026-01-05T08:00:00.0000000Z", "20260105T080000Z", "2026-01-05 08:00", "20260105"]
    )
    def test_has_a_basic_form_too(self, text: str) -> None:
        found = USUAL.read(text)
        assert found is not None
        assert found.date() == EIGHT.date()

    @pytest.mark.parametrize("text", ["1612121200123", "161212120012", "2026010508", "16121212T"])
    def test_alone_takes_no_number(self, text: str) -> None:
        with pytest.raises(TimeError, match="in none of the forms"):
            TimeReader(("iso",)).read(text)


class TestList:
    def test_of_one_is_its_element(self) -> None:
        assert USUAL.read(["2026-01-05T08:00:00Z"]) == USUAL.read([1767600000]) == EIGHT
        assert USUAL.read([None]) is USUAL.read([""]) is USUAL.read(None) is None

    @pytest.mark.parametrize("value", [[], ["2026-01-05", "2026-01-06"], [["2026-01-05"]]])
    def test_of_any_other_length_is_refused(self, value: object) -> None:
        with pytest.raises(TimeError, match="is a list"):
            USUAL.read(value)


class TestRange:
    @pytest.mark.parametrize("text", ["1601-01-01T00:00:00Z", "1989-12-31", "Jan 1, 9999 @ 00:00"])
    def test_outside_is_refused_by_default(self, text: str) -> None:
        with pytest.raises(TimeError, match="outside 1990 to tomorrow"):
            USUAL.read(text)
        assert TimeReader(any_time=True).read(text) is not None

    def test_ends_a_day_from_now(self) -> None:
        now = datetime.now(UTC)
        assert USUAL.read((now + timedelta(hours=23)).isoformat()) is not None
        with pytest.raises(TimeError, match="tomorrow"):
            USUAL.read((now + timedelta(hours=25)).isoformat())


class TestZone:
    @pytest.mark.parametrize(
        "value",
        [
            "2026-01-05 09:00",
            "Jan 5, 2026 @ 09:00:00.000",
            "05.01.2026 09:00",
            EIGHT.replace(hour=9, tzinfo=None),
            "2026-01-05T08:00:00Z",
            "1767600000",
        ],
    )
    def test_is_that_of_times_without_one(self, value: object) -> None:
        found = TimeReader(zone="Europe/Berlin").read(value)
        assert found == EIGHT
        assert found.tzinfo is not None

    def test_begins_a_date(self) -> None:
        found = TimeReader(zone="Asia/Tokyo").read(date(2026, 1, 6))
        assert found == datetime(2026, 1, 5, 15, tzinfo=UTC)

    def test_of_no_such_name_is_refused(self) -> None:
        with pytest.raises(ValueError, match="'Mars' is not a time zone of the IANA"):
            TimeReader(zone="Mars")


class TestFormats:
    @pytest.mark.parametrize(
        ("form", "text"),
        [
            ("%d/%m/%Y %H:%M:%S", "05/01/2026 08:00:00"),
            ("%m/%d/%Y %I:%M:%S %p", "01/05/2026 08:00:00 AM"),
            ("%d/%m/%y %H:%M:%S.%f", "05/01/26 08:00:00.0000000"),
            ("%Y%m%d%H%M", "202601050800"),
            ("%d/%m/%Y %H:%M %Z", "05/01/2026 09:00 CET"),
            ("%d/%m/%Y %H:%M %z", "05/01/2026 09:00 +0100"),
        ],
    )
    def test_of_strptime_are_read(self, form: str, text: str) -> None:
        assert TimeReader((form,)).read(text) == EIGHT

    def test_are_tried_in_their_order(self) -> None:
        reader = TimeReader(("%d/%m/%Y", "epoch_ms", "auto"))
        assert reader.read("06/01/2026") == datetime(2026, 1, 6, tzinfo=UTC)
        assert reader.read("1767600000000") == reader.read(1767600000000) == EIGHT
        assert reader.read("Jan 5, 2026 @ 08:00:00.000") == EIGHT

    def test_read_a_number_by_its_digits(self) -> None:
        assert TimeReader(("%Y%m%d",)).read(20260105) == EIGHT.replace(hour=0)

    @pytest.mark.parametrize("value", ["2026-01-05", "1767600000", 1767600000])
    def test_refuse_what_they_do_not_name(self, value: object) -> None:
        with pytest.raises(TimeError, match="none of the forms of `time_format`"):
            TimeReader(("%d/%m/%Y",)).read(value)

    @pytest.mark.parametrize(
        ("form", "reason"),
        [
            ("dd/MM/yyyy", "no time format: auto, iso, epoch"),
            ("%d/%m", "year, the month and the day"),
            ("%H:%M", "year, the month and the day"),
            ("%d/%m/%Y %Q", "not a format of strptime"),
            ("%Z %d/%m/%Y", "at the end only"),
            ("", "no time format"),
        ],
    )
    def test_are_checked_beforehand(self, form: str, reason: str) -> None:
        with pytest.raises(ValueError, match=reason):
            check_format(form)
        for each in NAMED_FORMATS:
            check_format(each)

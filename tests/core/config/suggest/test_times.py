"""Which field holds the event's time, and in what form."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sftsec_core.config.suggest.profile import Column, Profile
from sftsec_core.config.suggest.times import (
    TimeForm,
    choose_time,
    choose_verdict_time,
    looks_like_time,
    time_form,
)


def column(name: str, values: Sequence[object]) -> Column:
    return Profile.of([{name: value} for value in values]).columns[name]


class TestForm:
    @pytest.mark.parametrize(
        ("name", "values", "form", "zone"),
        [
            ("Time", ["2026-01-05 08:00:00", "2026-01-06 08:00:00"], None, False),
            ("Created (UTC)", ["2026-01-05 08:00:00", "2026-01-06 08:00:00"], None, True),
            ("Time", ["2026-01-05T08:00:00Z", "2026-01-05T08:00:00+01:00"], None, True),
            ("Time", ["Jan 5, 2026 8:00:00 AM", "Jan 5, 2026 9:00:00 AM"], None, False),
            ("Created", [1767600000, 1767600001], None, True),
            ("Time", ["05/01/2026 08:00", "13/01/2026 18:00"], "%d/%m/%Y %H:%M", False),
            ("Time", ["01/05/26 8:00 AM", "01/13/26 6:00 PM"], "%m/%d/%y %I:%M %p", False),
        ],
    )
    def test_is_read_from_the_values(
        self, name: str, values: Sequence[object], form: str | None, zone: bool
    ) -> None:
        found = time_form(column(name, values))
        assert found is not None
        assert (found.form, found.zone, found.fits, found.ambiguous) == (form, zone, True, False)

    def test_is_ambiguous_when_both_orders_fit(self) -> None:
        found = time_form(column("Time", ["05/01/2026 08:00", "06/01/2026 08:00"]))
        assert found is not None
        assert found.ambiguous

    @pytest.mark.parametrize("values", [["AL-1", "AL-2"], [1767600000, 1767600001], ["hello", ""]])
    def test_is_none_for_other_values(self, values: Sequence[object]) -> None:
        assert time_form(column("bytes", values)) is None


class TestChoice:
    def test_prefers_the_name_of_the_event(self) -> None:
        at = "2026-01-05 08:00:00"
        rows = [{"Closed at": at, "Last modified": at, "Created": at, "Detected at": at}] * 3
        columns = Profile.of(rows).columns.values()
        found = choose_time(columns)
        assert found is not None
        assert found[0].name == "Detected at"
        later = choose_verdict_time(columns, found[1])
        assert later is not None
        assert later.name == "Closed at"

    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            (("event.ingested", "event.created", "@timestamp"), "@timestamp"),
            (("detection_time", "_time"), "_time"),
            (("event.ingested", "created_at"), "created_at"),
            (("_write_ts", "ts"), "ts"),
            (("event.ingested",), "event.ingested"),
        ],
    )
    def test_is_not_when_a_platform_got_it(self, names: Sequence[str], expected: str) -> None:
        rows = [dict.fromkeys(names, "2026-01-05T08:00:00Z")] * 3
        found = choose_time(Profile.of(rows).columns.values())
        assert found is not None
        assert found[0].name == expected

    def test_leaves_times_that_many_records_lack(self) -> None:
        at = "2026-01-05T08:00:00+0500"
        rows = [{"timestamp": at}] * 3 + [{"timestamp": at, "flow.start": at}] * 2
        found = choose_time(Profile.of(rows).columns.values())
        assert found is not None
        assert found[0].name == "timestamp"

    def test_allows_a_few_records_without_one(self) -> None:
        at = "2026-01-05T08:00:00Z"
        rows = [{"timestamp": at, "event.start": at}] * 9 + [{"timestamp": at}]
        found = choose_time(Profile.of(rows).columns.values())
        assert found is not None
        assert found[0].name == "event.start"

    def test_finds_nothing_without_times(self) -> None:
        assert choose_time([column("Created", ["yesterday", "today"])]) is None
        assert choose_verdict_time([column("Closed", ["yesterday", "today"])], None) is None

    def test_takes_no_verdict_time_of_two_readings(self) -> None:
        closed = column("Closed", ["05/01/2026 08:00", "06/01/2026 08:00"])
        opened = time_form(column("Opened", ["05/01/2026 08:00", "06/01/2026 08:00"]))
        assert choose_verdict_time([closed], opened) is None
        assert choose_verdict_time([closed], None) is None
        said = TimeForm("%m/%d/%Y %H:%M", zone=True, fits=True)
        assert choose_verdict_time([closed], said) is closed
        late = column("Closed", ["13/01/2026 08:00", "14/01/2026 08:00"])
        assert choose_verdict_time([late], said) is None

    def test_of_points_has_the_day_first(self) -> None:
        found = time_form(column("Erstellt am", ["05.01.26 08:00", "06.01.26 08:00"]))
        assert found is not None
        assert (found.form, found.ambiguous) == ("%d.%m.%y %H:%M", False)

    def test_knows_times_of_an_unknown_form(self) -> None:
        assert looks_like_time(column("Created", ["08:00 le 5 janv. 2026"]))
        assert not looks_like_time(column("Created", ["yesterday"]))
        assert not looks_like_time(column("Message", ["08:00 le 5 janv. 2026"]))

"""Times as Splunk writes them: numbers, text of numbers, and ISO 8601."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sftsec_splunk.times import sort_seconds, time_or_none

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
READ = [
    *(1767600000, 1767600000.0, "1767600000", " 1767600000.000", "1767600000000"),
    *("2026-01-05T08:00:00Z", "2026-01-05T09:00:00.000+01:00"),
]


class TestTimeOrNone:
    @pytest.mark.parametrize("value", READ)
    def test_reads_numbers_and_iso_8601(self, value: object) -> None:
        assert time_or_none(value) == AT
        assert sort_seconds(value) == AT.timestamp()

    @pytest.mark.parametrize("value", [None, "", "never", "nan", "inf", 1e300, "01/05/2026", "0"])
    def test_is_none_of_anything_else(self, value: object) -> None:
        assert time_or_none(value) is None
        assert sort_seconds(value) == 0.0

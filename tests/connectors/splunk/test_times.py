"""Times as Splunk writes them: numbers, text of numbers, and ISO 8601."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sftsec_splunk.times import epoch, time_of

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


class TestEpoch:
    @pytest.mark.parametrize("value", [1767600000, 1767600000.0, "1767600000", " 1767600000.000"])
    def test_is_a_number_or_its_text(self, value: object) -> None:
        assert epoch(value) == time_of(value) == AT

    @pytest.mark.parametrize("value", [None, "", "never", [1767600000], "nan", "inf", 1e300])
    def test_is_none_of_anything_else(self, value: object) -> None:
        assert epoch(value) is None
        assert time_of(value) is None


class TestTimeOf:
    @pytest.mark.parametrize("value", ["2026-01-05T08:00:00Z", "2026-01-05T09:00:00.000+01:00"])
    def test_reads_iso_8601_too(self, value: str) -> None:
        assert time_of(value) == AT
        assert epoch(value) is None

"""Time modifiers and spans."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.servers.splunkd.spl.lexer import SplError
from tests.servers.splunkd.spl.times import iso, moment, span_seconds

NOW = datetime(2026, 3, 31, 14, 35, 20, tzinfo=UTC)  # a Tuesday


class TestMoment:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("now", "2026-03-31T14:35:20.000+00:00"),
            ("", "2026-03-31T14:35:20.000+00:00"),
            ("-24h@h", "2026-03-30T14:00:00.000+00:00"),
            ("@d+2h", "2026-03-31T02:00:00.000+00:00"),
            ("-1mon", "2026-02-28T14:35:20.000+00:00"),
            ("@w0", "2026-03-29T00:00:00.000+00:00"),
            ("@w1", "2026-03-30T00:00:00.000+00:00"),
            ("@q", "2026-01-01T00:00:00.000+00:00"),
            ("-1y@y", "2025-01-01T00:00:00.000+00:00"),
            ("-m", "2026-03-31T14:34:20.000+00:00"),
            ("1767571200.5", "2026-01-05T00:00:00.500+00:00"),
            ("2026-01-05T08:00:00+08:00", "2026-01-05T00:00:00.000+00:00"),
            ("01/05/2026:06:00:00", "2026-01-05T06:00:00.000+00:00"),
            ("rt-5m", "2026-03-31T14:30:20.000+00:00"),
        ],
    )
    def test_reads_modifiers_and_absolute_times(self, text: str, expected: str) -> None:
        assert iso(moment(text, NOW.timestamp())) == expected

    @pytest.mark.parametrize("text", ["yesterday", "-1fortnight", "@", "-h@x"])
    def test_refuses_what_is_not_a_time(self, text: str) -> None:
        with pytest.raises(SplError, match="for time term"):
            moment(text, NOW.timestamp())


class TestSpan:
    def test_is_a_number_with_a_unit(self) -> None:
        assert [span_seconds(each) for each in ("30", "5m", "2h", "1.5d")] == [
            30,
            300,
            7200,
            129600,
        ]

    @pytest.mark.parametrize("text", ["5mon", "m", "-1h", ""])
    def test_refuses_another_unit(self, text: str) -> None:
        with pytest.raises(SplError, match="option span"):
            span_seconds(text)

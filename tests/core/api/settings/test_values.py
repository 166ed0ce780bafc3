"""Durations, as the configuration writes them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sftsec_core.api.settings.values import format_duration, parse_duration


class TestDuration:
    @pytest.mark.parametrize("text", ["90s", "10m", "12h", "30d", "2w"])
    def test_is_written_as_it_is_read(self, text: str) -> None:
        value = parse_duration(text)
        assert isinstance(value, timedelta)
        assert format_duration(value) == text

    def test_without_a_unit_is_refused(self) -> None:
        with pytest.raises(ValueError, match="not a duration"):
            parse_duration("10")

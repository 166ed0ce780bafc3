"""The options of connectors that read times of foreign systems."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sftsec_core.sdk.time_settings import TimeSettings

EIGHT = datetime(2026, 1, 5, 8, tzinfo=UTC)


class TestTimeSettings:
    @pytest.mark.parametrize("form", ["%d/%m/%Y %H:%M", ["iso", "%d/%m/%Y %H:%M"]])
    def test_take_one_form_or_several(self, form: object) -> None:
        given = {"time_format": form, "timezone": "Europe/Berlin"}
        assert TimeSettings.model_validate(given).times.read("05/01/2026 09:00") == EIGHT

    def test_believe_any_time_when_told(self) -> None:
        settings = TimeSettings.model_validate({"any_time": True})
        assert settings.times.read("1980-01-01") == datetime(1980, 1, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            ({"time_format": "dd.MM.yyyy"}, "is no time format"),
            ({"time_format": []}, "at least 1 item"),
            ({"time_format": ["iso", "%d.%m"]}, "does not give the year"),
            ({"timezone": "Berlin"}, "is not a time zone of the IANA database"),
            ({"timezone": "../UTC"}, "is not a time zone of the IANA database"),
        ],
    )
    def test_refuse_what_reads_no_time(self, given: dict[str, object], reason: str) -> None:
        with pytest.raises(ValueError, match=reason):
            TimeSettings.model_validate(given)

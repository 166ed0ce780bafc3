"""Rates, as sftsec.yaml has them."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from sftsec_core.api.settings.rate import Rate, RateSetting

ADAPTER = TypeAdapter[Rate](RateSetting)


class TestRateSetting:
    @pytest.mark.parametrize(
        ("given", "rate", "written"),
        [
            ("100/s", Rate(100, 1), "100/s"),
            (" 6000 / m ", Rate(6000, 60), "6000/m"),
            ("5/h", Rate(5, 3600), "5/h"),
        ],
    )
    def test_is_read_and_written_alike(self, given: str, rate: Rate, written: str) -> None:
        assert ADAPTER.validate_python(given) == rate
        assert ADAPTER.dump_python(rate) == written == str(rate)
        assert ADAPTER.validate_python(written) == rate

    @pytest.mark.parametrize("given", ["100", "0/s", "-1/s", "1.5/s", "10/d", "", 100, None, True])
    def test_refuses_other_forms(self, given: object) -> None:
        with pytest.raises(ValidationError):
            ADAPTER.validate_python(given)

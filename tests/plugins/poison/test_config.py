"""Settings that make no sense are refused at birth."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sftsec_poison.config import PoisonSettings


class TestPoisonSettings:
    @pytest.mark.parametrize(
        "setting",
        [{"weight": 1.5}, {"min_rows": 1}, {"significance": 0}, {"words": 0}, {"truste": ["a"]}],
    )
    def test_refuses_what_makes_no_sense(self, setting: dict[str, object]) -> None:
        with pytest.raises(ValidationError, match=next(iter(setting))):
            PoisonSettings.model_validate(setting)

    def test_by_default_poison_is_unused(self) -> None:
        assert (PoisonSettings().weight, PoisonSettings().review) == (0.0, True)

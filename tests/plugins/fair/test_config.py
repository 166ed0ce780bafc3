"""What sftsec.yaml may say of fairness, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from sftsec_core.api import ConfigError, DeciderSpec
from sftsec_fair.config import GroupGapSettings
from sftsec_fair.hooks import sftsec_register_deciders

DECIDER: DeciderSpec[Any] = sftsec_register_deciders()[0]


class TestGroupThresholds:
    @pytest.mark.parametrize("allow", [{}, {"allow": False}])
    def test_must_be_allowed(self, allow: dict[str, bool]) -> None:
        with pytest.raises(ConfigError, match=r"may be unlawful.*`allow: true`"):
            DECIDER.configure({"field": "unit", **allow})

    @pytest.mark.parametrize("field", ["connector", "script"])
    def test_need_a_field_of_incidents(self, field: str) -> None:
        with pytest.raises(ConfigError, match=f"{field} is no field of an incident"):
            DECIDER.configure({"field": field, "allow": True})

    def test_are_never_fixed(self) -> None:
        given = {"method": "fixed", "target": 0.5, "field": "unit", "allow": True}
        with pytest.raises(ConfigError, match="method fixed is the same for all"):
            DECIDER.configure(given)

    def test_choose_like_the_common_one(self) -> None:
        given = {"method": "fpr", "target": 0.01, "field": "unit", "allow": True}
        assert DECIDER.configure(given).target == 0.01


class TestGroupGapSettings:
    def test_bounds_are_those_set(self) -> None:
        assert GroupGapSettings(recall=0.1, fpr=0.0).bounds() == {"recall": 0.1, "fpr": 0.0}
        assert GroupGapSettings().bounds() == {}

"""What `evaluation:` of a task may say."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sftsec_core.api.settings.evaluation import EvaluationSettings


def audits(value: object) -> dict[str, dict[str, object]]:
    return EvaluationSettings.model_validate({"audits": value}).audits


class TestAudits:
    def test_list_of_names_is_read(self) -> None:
        listed = ["groups", {"backtest": {"periods": 4}}, {"cost": None}]
        assert audits(listed) == {"groups": {}, "backtest": {"periods": 4}, "cost": {}}

    def test_mapping_stays_as_it_is(self) -> None:
        assert audits({"backtest": {"periods": 4}}) == {"backtest": {"periods": 4}}

    @pytest.mark.parametrize(
        ("value", "told"),
        [
            (["groups", "groups"], "'groups' is listed twice"),
            ([{"a": {}, "b": {}}], "write a name"),
            ([3], "write a name"),
            ([{"a": 3}], "should be a valid dictionary"),
        ],
    )
    def test_nonsense_is_refused(self, value: object, told: str) -> None:
        with pytest.raises(ValidationError, match=told):
            audits(value)


class TestCostSettings:
    @pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
    def test_price_is_a_positive_number(self, minutes: float) -> None:
        with pytest.raises(ValidationError):
            EvaluationSettings.model_validate({"cost": {"minutes_per_alert": minutes}})

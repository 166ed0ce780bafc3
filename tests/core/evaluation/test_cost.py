"""Analysts' minutes and missed attacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftsec_core.api.contracts import AuditInput, AuditSpec, EmptyConfig
from sftsec_core.api.settings.evaluation import CostSettings, EvaluationSettings
from sftsec_core.evaluation.audits import AUDITS
from sftsec_core.evaluation.cost import cost_curve
from sftsec_core.testing import AuditContract
from tests.core.evaluation.audit_inputs import answered, audit_input, beside, without_benign

PRICES = EvaluationSettings(cost=CostSettings(minutes_per_alert=10, missed_attack_minutes=480))
# 100 hours: 24 incidents a day. 8 of 10 attacks are found, 5 of 90 benign ones alert.
Y = [1] * 10 + [0] * 90
SCORES = [0.9] * 8 + [0.3] * 2 + [0.7] * 5 + [0.1] * 85


def of(given: AuditInput) -> dict[str, Any]:
    return dict(cost_curve(EmptyConfig(), given))


def priced(**more: Any) -> AuditInput:
    return audit_input(answered(Y, SCORES), settings=PRICES, **more)


class TestUnits:
    def test_week_at_the_rate_of_test(self) -> None:
        found = of(priced(incidents_per_day=24.0))
        assert (found["unit"], found["incidents"]) == ("week", 168.0)
        used = found["models"]["candidate"]["in_use"]
        assert used["alerts"] == pytest.approx(13 * 1.68)
        assert used["missed"] == pytest.approx(2 * 1.68)
        assert used["minutes"] == pytest.approx((13 * 10 + 2 * 480) * 1.68)

    @pytest.mark.parametrize("rate", [None, 24.0])
    def test_thousand_where_time_says_nothing(self, rate: float | None) -> None:
        given = priced(incidents_per_day=rate)
        if rate:
            timeless = replace(given.predictions, at=None)
            given = replace(given, predictions=timeless)
        found = of(given)
        assert found["unit"] == "1,000 incidents"
        assert found["models"]["candidate"]["in_use"]["alerts"] == pytest.approx(130)


class TestCostCurve:
    def test_cheapest_threshold_finds_all_attacks(self) -> None:
        found = of(priced())["models"]["candidate"]
        assert 0.1 < found["cheapest"]["threshold"] < 0.3
        assert found["cheapest"]["missed"] == 0
        assert found["cheapest"]["minutes"] == pytest.approx(15 * 10 * 10)

    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=40))
    def test_point_in_use_is_on_it(self, rows: list[tuple[bool, int]]) -> None:
        y = [int(attack) for attack, _ in rows]
        found = of(audit_input(answered(y, [score / 10 for _, score in rows]), settings=PRICES))
        model = found["models"]["candidate"]
        curve = zip(
            *(model["curve"][name] for name in ("alerts", "missed", "minutes")), strict=True
        )
        used = tuple(model["in_use"][name] for name in ("alerts", "missed", "minutes"))
        assert any(point == pytest.approx(used) for point in curve)
        assert model["cheapest"]["minutes"] <= used[2] + 1e-9

    def test_reviews_take_time_and_miss_nothing(self) -> None:
        reviewed = np.array(SCORES) == 0.3
        ours = answered(Y, SCORES, reviewed=reviewed)
        used = of(audit_input(ours, settings=PRICES))["models"]["candidate"]["in_use"]
        assert used["alerts"] == pytest.approx(150)
        assert used["missed"] == 0


class TestSavings:
    def test_against_live_is_paired_and_bounded(self) -> None:
        ours = answered(Y, SCORES)
        live = answered(Y, [0.9] * 4 + [0.3] * 6 + [0.1] * 90)
        others = {"live": beside(ours, live, "linear")}
        saved = of(audit_input(ours, settings=PRICES, others=others))["saved"]
        assert saved["live"]["value"] == pytest.approx(
            ((4 * 10 + 6 * 480) - (13 * 10 + 2 * 480)) * 10
        )
        assert saved["live"]["low"] < saved["live"]["value"] < saved["live"]["high"]
        assert saved["every incident"]["value"] == pytest.approx(
            (100 * 10 - 13 * 10 - 2 * 480) * 10
        )

    def test_same_model_saves_nothing(self) -> None:
        ours = answered(Y, SCORES)
        others = {"live": beside(ours, ours, "linear")}
        saved = of(audit_input(ours, settings=PRICES, others=others))["saved"]
        assert saved["live"] == {"value": 0.0, "low": 0.0, "high": 0.0}

    def test_rows_that_live_saw_do_not_count(self) -> None:
        ours, live = answered(Y, SCORES), answered(Y, [0.9] * 10 + [0.1] * 90)
        unseen = np.arange(100) >= 10
        found = of(
            audit_input(ours, settings=PRICES, others={"live": beside(ours, live, "x", unseen)})
        )
        assert found["models"]["live"]["seen"] == 10
        # On the 90 benign rows the candidate raises 5 alerts, live none.
        assert found["saved"]["live"]["value"] == pytest.approx(-50 / 90 * 1000)


class TestCostAudit(AuditContract):
    def spec(self) -> AuditSpec[Any]:
        return next(spec for spec in AUDITS if spec.name == "cost")

    def test_task_without_benign_is_told(self) -> None:
        assert set(of(without_benign(priced()))) == {"not_measured"}

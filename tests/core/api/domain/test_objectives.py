"""A task's metric: its name, its rate and which way is better."""

from __future__ import annotations

import pytest

from sftsec_core.api.domain import Interval, Objective
from sftsec_core.api.domain.objectives import checked_metric, gain, rate_of


class TestCheckedMetric:
    def test_rates_have_one_spelling(self) -> None:
        assert checked_metric("tpr_at_fpr_0.0050") == "tpr_at_fpr_0.005"
        assert rate_of("tpr_at_fpr_0.005") == 0.005
        assert rate_of("average_precision") is None

    @pytest.mark.parametrize("rate", ["0", "1", "-0.1", "nan", "", "x"])
    def test_what_is_no_rate_is_refused(self, rate: str) -> None:
        with pytest.raises(ValueError, match="the rate lies between 0 and 1"):
            checked_metric(f"tpr_at_fpr_{rate}")


class TestGain:
    def test_lower_cost_is_a_gain(self) -> None:
        difference = Interval(-0.3, -0.4, -0.1)
        assert gain("expected_cost", difference) == Interval(0.3, 0.1, 0.4)
        assert gain("macro_f1", difference) is difference
        assert gain("expected_cost", Interval(None)) == Interval(None)


class TestRates:
    def test_are_those_of_its_figures(self) -> None:
        assert Objective("tpr_at_fpr_0.02", 0.005).rates == (0.02, 0.005)
        assert Objective("macro_f1").rates == ()

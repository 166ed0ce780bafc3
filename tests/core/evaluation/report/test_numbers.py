"""Figures as people read them."""

from __future__ import annotations

from sftsec_core.evaluation.report.html import count
from sftsec_core.evaluation.report.numbers import difference, metric_title, number, share


class TestShare:
    def test_is_never_rounded_to_perfect(self) -> None:
        assert share(0.99999) == ">99.9%"
        assert share(1.0) == "100.0%"
        assert share(0.00001, 2) == "<0.01%"
        assert share(0.0) == "0.0%"
        assert share(0.5) == "50.0%"
        assert share(None) == count(None) == "\N{EN DASH}"


class TestNumber:
    def test_any_rate_is_a_percentage(self) -> None:
        assert metric_title("tpr_at_fpr_0.005") == "TPR at FPR 0.5%"
        assert number(0.731, "tpr_at_fpr_0.005") == "73.1%"
        assert number(0.731, "average_precision") == "0.731"
        assert number(0.731, "tpr_at_fpr_of_a_plugin") == "0.731"

    def test_cost_is_in_minutes(self) -> None:
        assert number(12.3456, "expected_cost") == "12.35"
        assert difference(-0.25, "expected_cost") == "-0.25"
        assert difference(-0.25, "recall") == "-25.0"

"""The caveats of a model card."""

from __future__ import annotations

from dataclasses import replace

from sftsec_core.api.domain import Interval, LeakCheck
from sftsec_core.registry.limits import limits
from tests.core.evaluation.rote_models import report_of, split_of


class TestLimits:
    def test_follow_from_the_figures(self) -> None:
        report = report_of()
        rare = replace(report, labels_train={"benign": 480, "phishing": 12}, leaks=LeakCheck())
        found = " ".join(limits(rare))
        assert "phishing (12)" in found
        assert "No clean leak check" in found
        assert "one false positive is already 0.4" in found
        poor = {**report.candidate.per_class, "phishing": {"recall": 0.5, "support": 0.0}}
        weak = replace(
            report,
            candidate=replace(report.candidate, per_class=poor),
            differences={"linear": Interval(0.01, -0.01, 0.03)},
        )
        found = " ".join(limits(weak))
        assert "recall under 0.8 on test: phishing (0.50)" in found
        assert "nothing is known of them: phishing" in found
        assert "not shown to be better than the linear baseline" in found

    def test_exist_for_a_flawless_report(self) -> None:
        assert len(limits(report_of(split=split_of(n=8000), skills=(9.0, 1.0)))) >= 2

"""What a report shows besides figures."""

from __future__ import annotations

import pytest

from sftsec_core.api.domain import Interval
from tests.core.evaluation.rote_models import report_of, split_of


def known(found: Interval) -> tuple[float, float, float]:
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    return found.value, found.low, found.high


class TestThresholdTable:
    def test_agrees_with_figures_and_confusion(self) -> None:
        report = report_of()
        (benign, false_alarms), (missed, found) = report.candidate.confusion.counts
        row = next(
            r for r in report.threshold_table if r["threshold"] == report.candidate.threshold.value
        )
        assert row["alerts"] == false_alarms + found
        assert row["recall"] == pytest.approx(found / (found + missed))
        assert row["recall"] == pytest.approx(known(report.candidate.metrics["recall"])[0])
        assert row["fpr"] == pytest.approx(false_alarms / (benign + false_alarms))
        assert report.candidate.per_class["phishing"]["precision"] == row["precision"]
        # All three parts begin together, with an example an hour: 300, 300 and 150 in test's span.
        per_day = 750 / 299 * 24
        assert row["alerts_per_day"] == pytest.approx((false_alarms + found) / 300 * per_day)


class TestWorstErrors:
    def test_are_surest_first_with_cut_texts(self) -> None:
        report = report_of(split=split_of(text="A" * 500), skills=(2.0, 2.0))
        assert report.worst_errors
        assert all(error.label != error.predicted for error in report.worst_errors)
        sureness = [error.probability for error in report.worst_errors]
        assert sureness == sorted(sureness, reverse=True)
        assert max(len(error.text) for error in report.worst_errors) == 200


class TestCurves:
    def test_keep_ends_and_low_false_positives(self) -> None:
        report = report_of(split=split_of(n=4000), skills=(2.0, 1.0))
        roc, pr = report.candidate.curves["roc"], report.candidate.curves["pr"]
        assert len(roc.x) == len(roc.y) == len(roc.at) <= 200
        assert len(pr.x) <= 200
        assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
        assert sum(x <= 0.01 for x in roc.x) > 10

"""The bounds of `gate:`: each is held at the figure itself, and what cannot be measured rejects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sftsec_core.api.domain import EvalReport, Interval
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.registry.bounds import (
    alerts_ceiling,
    fpr_ceiling,
    precision_floor,
    recall_floor,
    with_bounds,
)
from tests.core.evaluation.rote_models import TECHNIQUES, report_of, split_of


@pytest.fixture(scope="module")
def report() -> EvalReport:
    """600 training rows; 100 attacks and more benign ones in test."""
    return report_of()


def with_metrics(report: EvalReport, **metrics: Interval) -> EvalReport:
    known = {**report.candidate.metrics, **metrics}
    return replace(report, candidate=replace(report.candidate, metrics=known))


def of_benign(report: EvalReport, rows: int) -> EvalReport:
    assert report.benign is not None
    per_class = {**report.candidate.per_class, report.benign: {"support": float(rows)}}
    return replace(report, candidate=replace(report.candidate, per_class=per_class))


class TestRecallFloor:
    def test_holds_for_the_attack_side(self, report: EvalReport) -> None:
        recall = report.candidate.metrics["recall"].value
        assert recall is not None
        assert recall_floor(report, None, GateSettings()).approve
        assert recall_floor(report, None, GateSettings(min_recall=recall)).approve
        rejected = recall_floor(report, None, GateSettings(min_recall=min(1.0, recall + 0.005)))
        assert not rejected.approve
        assert f"{recall:.3f}" in rejected.reason

    def test_uses_the_mean_recall_without_benign(self) -> None:
        techniques = report_of(TECHNIQUES, split_of(TECHNIQUES, 200))
        vote = recall_floor(techniques, None, GateSettings(min_recall=0.01))
        assert vote.approve
        assert "mean recall" in vote.reason

    def test_rejects_an_undefined_recall(self, report: EvalReport) -> None:
        blind = with_metrics(report, recall=Interval(None))
        assert not recall_floor(blind, None, GateSettings(min_recall=0.1)).approve


class TestPrecisionFloor:
    def test_holds_at_the_figure_itself(self, report: EvalReport) -> None:
        given = with_metrics(report, precision=Interval(0.8, 0.7, 0.9))
        assert precision_floor(given, None, GateSettings()).approve
        assert precision_floor(given, None, GateSettings(min_precision=0.8)).approve
        vote = precision_floor(given, None, GateSettings(min_precision=0.81))
        assert not vote.approve
        assert "0.800 (95% interval 0.700 to 0.900), is under the floor" in vote.reason

    def test_rejects_a_model_without_alerts(self, report: EvalReport) -> None:
        silent = with_metrics(report, precision=Interval(None))
        assert not precision_floor(silent, None, GateSettings(min_precision=0.1)).approve


class TestFprCeiling:
    def test_holds_at_the_figure_itself(self, report: EvalReport) -> None:
        given = of_benign(with_metrics(report, fpr=Interval(0.01, 0.005, 0.02)), 1000)
        assert fpr_ceiling(given, None, GateSettings()).approve
        assert fpr_ceiling(given, None, GateSettings(max_fpr=0.01)).approve
        vote = fpr_ceiling(given, None, GateSettings(max_fpr=0.009))
        assert not vote.approve
        assert "is over the ceiling of 0.009" in vote.reason

    def test_rejects_what_too_few_rows_show(self, report: EvalReport) -> None:
        none = with_metrics(report, fpr=Interval(0.0, 0.0, 0.03))
        policy = GateSettings(max_fpr=0.01)
        assert fpr_ceiling(of_benign(none, 100), None, policy).approve
        vote = fpr_ceiling(of_benign(none, 99), None, policy)
        assert not vote.approve
        assert "has 99 benign incidents; gate.max_fpr 0.01 takes 100" in vote.reason

    def test_rejects_a_task_without_benign(self) -> None:
        techniques = report_of(TECHNIQUES, split_of(TECHNIQUES, 200))
        assert not fpr_ceiling(techniques, None, GateSettings(max_fpr=0.5)).approve


class TestAlertsCeiling:
    def test_scales_alerts_to_the_days(self, report: EvalReport) -> None:
        actions = {"dismiss": 90, "review": 0, "alert": 10}
        given = replace(
            report,
            candidate=replace(report.candidate, actions=actions),
            data={**report.data, "incidents_per_day": 50.0},
        )
        assert alerts_ceiling(given, None, GateSettings()).approve
        assert alerts_ceiling(given, None, GateSettings(max_alerts_per_day=5)).approve
        vote = alerts_ceiling(given, None, GateSettings(max_alerts_per_day=4.9))
        assert not vote.approve
        assert "10 of 100 test incidents raise an alert; at 50.0 labelled" in vote.reason
        assert "that is 5.0 alerts a day, over the ceiling of 4.9" in vote.reason

    def test_rejects_a_test_without_times(self, report: EvalReport) -> None:
        data = {name: value for name, value in report.data.items() if name != "incidents_per_day"}
        vote = alerts_ceiling(
            replace(report, data=data), None, GateSettings(max_alerts_per_day=1000)
        )
        assert not vote.approve
        assert "no span of time" in vote.reason


class TestWithBounds:
    def test_leaves_out_what_is_unknown(self) -> None:
        assert with_bounds(Interval(None)) == "undefined"
        assert with_bounds(Interval(0.5)) == "0.500"
        assert with_bounds(Interval(0.5, 0.4, 0.6)) == "0.500 (95% interval 0.400 to 0.600)"

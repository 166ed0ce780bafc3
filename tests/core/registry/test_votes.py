from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.domain import EvalReport, Interval, Vote
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.registry.voters import (
    VOTERS,
    beats_linear,
    min_labels,
    no_leak,
    not_worse_than_live,
    recall_floor,
)
from tests.core.evaluation.rote_models import TECHNIQUES, report_of, split_of


@pytest.fixture(scope="module")
def report() -> EvalReport:
    """120 training attacks, 480 benign; hybrid, cost 20, beside linear, cost 1."""
    return report_of()


def with_difference(report: EvalReport, name: str, *figures: float | None) -> EvalReport:
    return replace(report, differences={**report.differences, name: Interval(*figures)})


def test_enough_labels_pass_and_the_rarest_class_is_named(report: EvalReport) -> None:
    vote = min_labels(report, None, GateSettings())
    rarest = report.labels_train["phishing"]
    assert vote.approve
    assert not vote.warning
    assert f"'phishing', has {rarest} training labels; 100" in vote.reason


def test_few_labels_refuse_or_warn_as_the_policy_says(report: EvalReport) -> None:
    refused = min_labels(report, None, GateSettings(min_labels=200))
    assert not refused.approve
    assert "1 of 2 classes have fewer than 200 training labels" in refused.reason
    assert f"'phishing' {report.labels_train['phishing']}" in refused.reason
    warned = min_labels(report, None, GateSettings(min_labels=200, on_few_labels="warn"))
    assert warned.approve
    assert warned.warning
    assert warned.reason == refused.reason


def test_a_class_that_never_occurs_in_train_counts_as_none(report: EvalReport) -> None:
    missing = replace(report, labels_train={"benign": 500, "phishing": 0})
    assert "'phishing' 0" in min_labels(missing, None, GateSettings()).reason


def test_a_long_list_of_rare_classes_is_cut(report: EvalReport) -> None:
    rare = replace(report, labels_train={f"T{i}": i for i in range(50)})
    assert min_labels(rare, None, GateSettings()).reason.endswith("and 45 more")


def test_labels_that_nobody_counted_refuse_even_where_few_only_warn(report: EvalReport) -> None:
    policy = GateSettings(on_few_labels="warn")
    assert not min_labels(replace(report, labels_train={}), None, policy).approve


@pytest.mark.parametrize(
    ("low", "high", "tolerance", "approve"),
    [
        (-0.05, -0.01, 0.0, False),
        (-0.05, 0.0, 0.0, True),
        (-0.05, 0.01, 0.0, True),
        (-0.05, -0.01, 0.02, True),
        (-0.05, -0.03, 0.02, False),
        (0.01, 0.03, 0.0, True),
    ],
)
def test_a_candidate_is_worse_when_the_whole_interval_lies_under_the_tolerance(
    report: EvalReport, low: float, high: float, tolerance: float, approve: bool
) -> None:
    given = with_difference(report, "live", (low + high) / 2, low, high)
    vote = not_worse_than_live(given, report, GateSettings(tolerance=tolerance))
    assert vote.approve is approve
    assert f"{100 * low:+.1f} to {100 * high:+.1f}" in vote.reason


def test_the_first_model_of_a_task_has_nothing_to_be_worse_than(report: EvalReport) -> None:
    assert not_worse_than_live(report, None, GateSettings()).approve


def test_a_model_in_service_that_was_not_judged_beside_it_refuses(report: EvalReport) -> None:
    vote = not_worse_than_live(report, report, GateSettings())
    assert not vote.approve
    assert "not judged on this test set" in vote.reason


def test_an_undefined_difference_refuses(report: EvalReport) -> None:
    assert not not_worse_than_live(
        with_difference(report, "live", None), None, GateSettings()
    ).approve
    assert not beats_linear(with_difference(report, "linear", None), None, GateSettings()).approve


@pytest.mark.parametrize(
    ("low", "high", "inference_cost", "approve", "word"),
    [
        (0.001, 0.02, 20, True, "better"),
        (-0.01, 0.02, 20, False, "dearer"),
        (-0.01, 0.02, 1, True, "no dearer"),
        (-0.01, 0.02, None, False, "not known"),
        (-0.03, -0.01, 1, False, "worse"),
    ],
)
def test_a_model_beats_linear_or_equals_it_at_no_more_cost(
    report: EvalReport,
    low: float,
    high: float,
    inference_cost: int | None,
    approve: bool,
    word: str,
) -> None:
    given = with_difference(report, "linear", (low + high) / 2, low, high)
    given = replace(given, candidate=replace(given.candidate, inference_cost=inference_cost))
    vote = beats_linear(given, None, GateSettings())
    assert vote.approve is approve
    assert word in vote.reason


def test_linear_itself_need_not_beat_itself(report: EvalReport) -> None:
    linear = replace(report, candidate=replace(report.candidate, recipe="linear"), others={})
    assert beats_linear(linear, None, GateSettings()).approve


def test_a_report_without_the_baseline_refuses_unless_nobody_asks(report: EvalReport) -> None:
    alone = replace(report, others={}, differences={})
    assert not beats_linear(alone, None, GateSettings()).approve
    unasked = beats_linear(alone, None, GateSettings(beat_linear=False))
    assert unasked.approve
    assert unasked.warning


def test_the_recall_floor_holds_for_the_attack_side(report: EvalReport) -> None:
    recall = report.candidate.metrics["recall"].value
    assert recall is not None
    assert recall_floor(report, None, GateSettings()).approve
    assert recall_floor(report, None, GateSettings(min_recall=recall)).approve
    refused = recall_floor(report, None, GateSettings(min_recall=min(1.0, recall + 0.005)))
    assert not refused.approve
    assert f"{recall:.3f}" in refused.reason


def test_without_a_benign_class_the_floor_is_for_the_mean_recall() -> None:
    techniques = report_of(TECHNIQUES, split_of(TECHNIQUES, 200))
    vote = recall_floor(techniques, None, GateSettings(min_recall=0.01))
    assert vote.approve
    assert "mean recall" in vote.reason


def test_a_floor_on_a_recall_that_is_undefined_refuses(report: EvalReport) -> None:
    metrics = {**report.candidate.metrics, "recall": Interval(None)}
    blind = replace(report, candidate=replace(report.candidate, metrics=metrics))
    assert not recall_floor(blind, None, GateSettings(min_recall=0.1)).approve


@pytest.mark.parametrize(
    ("data", "approve"),
    [({"leaks": 0}, True), ({"leaks": 2}, False), ({}, False), ({"leaks": None}, False),
     ({"leaks": False}, False), ({"leaks": "0"}, False)],
)  # fmt: skip
def test_only_a_leak_check_that_found_nothing_passes(
    report: EvalReport, data: dict[str, Any], approve: bool
) -> None:
    assert no_leak(replace(report, data=data), None, GateSettings()).approve is approve


def test_the_hook_casts_all_five_votes(report: EvalReport) -> None:
    votes = [spec.vote(spec.configure({}), report, None, GateSettings()) for spec in VOTERS]
    assert all(isinstance(vote, Vote) and vote.reason for vote in votes)
    assert [vote.voter for vote in votes if isinstance(vote, Vote)] == [s.name for s in VOTERS]
    names = [spec.name for spec in VOTERS]
    assert names == ["min_labels", "not_worse_than_live", "beats_linear", "recall_floor", "no_leak"]

"""The built-in voters of the promotion gate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.domain import EvalReport, Interval, LeakCheck, TaskSpec, Vote
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.registry.voters import (
    VOTERS,
    beats_baseline,
    better_than_chance,
    min_labels,
    no_leak,
    not_worse_than_live,
)
from tests.core.evaluation.rote_models import TECHNIQUES, report_of, split_of


@pytest.fixture(scope="module")
def report() -> EvalReport:
    """120 training attacks, 480 benign; hybrid, inference cost 20, beside linear, 1."""
    return report_of()


def with_difference(report: EvalReport, name: str, *figures: float | None) -> EvalReport:
    return replace(report, differences={**report.differences, name: Interval(*figures)})


def with_metrics(report: EvalReport, **metrics: Interval) -> EvalReport:
    known = {**report.candidate.metrics, **metrics}
    return replace(report, candidate=replace(report.candidate, metrics=known))


def by_metric(
    report: EvalReport, name: str, *figures: float | None, metric: str = "average_precision"
) -> EvalReport:
    found = dict(zip(("value", "low", "high"), figures, strict=True))
    told = {"name": metric, "differences": {name: found}}
    return replace(report, data={**report.data, "metric": told})


class TestMetricOfTheTask:
    def test_decides_against_the_live_model(self, report: EvalReport) -> None:
        good = with_difference(report, "live", 0.03, 0.02, 0.04)
        vote = not_worse_than_live(
            by_metric(good, "live", -0.03, -0.04, -0.02), None, GateSettings()
        )
        assert not vote.approve
        assert vote.reason.startswith("average_precision -3.0 points")

    def test_decides_against_the_baseline(self, report: EvalReport) -> None:
        bad = with_difference(report, "linear", -0.03, -0.04, -0.02)
        vote = beats_baseline(by_metric(bad, "linear", 0.03, 0.02, 0.04), None, GateSettings())
        assert vote.approve
        assert vote.reason.startswith("average_precision +3.0 points")

    def test_cost_that_rises_is_worse(self, report: EvalReport) -> None:
        def judged(name: str, *figures: float) -> EvalReport:
            return by_metric(report, name, *figures, metric="expected_cost")

        dear, cheap = judged("live", 0.3, 0.2, 0.4), judged("live", -0.3, -0.4, -0.2)
        vote = not_worse_than_live(dear, None, GateSettings())
        assert not vote.approve
        assert vote.reason.startswith("expected_cost +0.30 minutes an incident")
        assert not_worse_than_live(cheap, None, GateSettings()).approve
        assert not_worse_than_live(dear, None, GateSettings(tolerance=0.25)).approve
        for rises in (False, True):
            found = judged("linear", *((0.3, 0.2, 0.4) if rises else (-0.3, -0.4, -0.2)))
            assert beats_baseline(found, None, GateSettings()).approve is not rises

    def test_that_test_cannot_tell_rejects(self, report: EvalReport) -> None:
        good = with_difference(report, "live", 0.03, 0.02, 0.04)
        vote = not_worse_than_live(by_metric(good, "live", None, None, None), None, GateSettings())
        assert vote.reason == "the difference to the live model is not known"


class TestMinLabels:
    def test_approves_and_names_the_rarest_class(self, report: EvalReport) -> None:
        vote = min_labels(report, None, GateSettings())
        rarest = report.labels_train["phishing"]
        assert vote.approve
        assert not vote.warning
        assert f"'phishing', has {rarest} training labels; 100" in vote.reason

    def test_rejects_or_warns_as_the_policy_says(self, report: EvalReport) -> None:
        rejected = min_labels(report, None, GateSettings(min_labels=200))
        assert not rejected.approve
        assert "1 of 2 classes have fewer than 200 training labels" in rejected.reason
        assert f"'phishing' {report.labels_train['phishing']}" in rejected.reason
        warned = min_labels(report, None, GateSettings(min_labels=200, on_few_labels="warn"))
        assert warned.approve
        assert warned.warning
        assert warned.reason == rejected.reason

    def test_counts_a_class_missing_from_train(self, report: EvalReport) -> None:
        missing = replace(report, labels_train={"benign": 500, "phishing": 0})
        assert "'phishing' 0" in min_labels(missing, None, GateSettings()).reason

    def test_cuts_a_long_list_of_classes(self, report: EvalReport) -> None:
        rare = replace(report, labels_train={f"T{i}": i for i in range(50)})
        assert min_labels(rare, None, GateSettings()).reason.endswith("and 45 more")

    def test_rejects_without_counts_even_when_warning(self, report: EvalReport) -> None:
        policy = GateSettings(on_few_labels="warn")
        assert not min_labels(replace(report, labels_train={}), None, policy).approve


class TestNotWorseThanLive:
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
    def test_rejects_an_interval_wholly_under_the_tolerance(
        self, report: EvalReport, low: float, high: float, tolerance: float, approve: bool
    ) -> None:
        given = with_difference(report, "live", (low + high) / 2, low, high)
        vote = not_worse_than_live(given, report, GateSettings(tolerance=tolerance))
        assert vote.approve is approve
        assert f"{100 * low:+.1f} to {100 * high:+.1f}" in vote.reason

    def test_approves_the_first_model(self, report: EvalReport) -> None:
        assert not_worse_than_live(report, None, GateSettings()).approve

    def test_rejects_when_live_was_not_compared(self, report: EvalReport) -> None:
        vote = not_worse_than_live(report, report, GateSettings())
        assert not vote.approve
        assert "not evaluated on this test set" in vote.reason

    def test_rejects_beside_an_altered_live_model(self, report: EvalReport) -> None:
        data = {**report.data, "live_error": "model 74fd: serving.json is missing"}
        vote = not_worse_than_live(replace(report, data=data), None, GateSettings())
        assert not vote.approve
        assert "serving.json is missing" in vote.reason
        assert "--force" in vote.reason

    def test_rejects_an_undefined_difference(self, report: EvalReport) -> None:
        undefined = with_difference(report, "live", None)
        assert not not_worse_than_live(undefined, None, GateSettings()).approve


class TestBeatsLinear:
    @pytest.mark.parametrize(
        ("low", "high", "inference_cost", "approve", "word"),
        [
            (0.001, 0.02, 20, True, "better"),
            (-0.01, 0.02, 20, False, "but more expensive"),
            (-0.01, 0.02, 1, True, "no more expensive"),
            (-0.01, 0.02, None, False, "not known"),
            (-0.03, -0.01, 1, False, "worse"),
        ],
    )
    def test_wants_better_or_equal_and_cheaper(
        self,
        report: EvalReport,
        low: float,
        high: float,
        inference_cost: int | None,
        approve: bool,
        word: str,
    ) -> None:
        given = with_difference(report, "linear", (low + high) / 2, low, high)
        given = replace(given, candidate=replace(given.candidate, inference_cost=inference_cost))
        vote = beats_baseline(given, None, GateSettings())
        assert vote.approve is approve
        assert word in vote.reason

    def test_rejects_an_undefined_difference(self, report: EvalReport) -> None:
        assert not beats_baseline(
            with_difference(report, "linear", None), None, GateSettings()
        ).approve

    def test_approves_linear_itself(self, report: EvalReport) -> None:
        linear = replace(report, candidate=replace(report.candidate, recipe="linear"), others={})
        assert beats_baseline(linear, None, GateSettings()).approve

    def test_rejects_without_baseline_unless_switched_off(self, report: EvalReport) -> None:
        alone = replace(report, others={}, differences={})
        assert not beats_baseline(alone, None, GateSettings()).approve
        unasked = beats_baseline(alone, None, GateSettings(beat_baseline=False))
        assert unasked.approve
        assert unasked.warning


class TestBetterThanChance:
    def test_approves_a_model_with_skill(self, report: EvalReport) -> None:
        vote = better_than_chance(report, None, GateSettings())
        assert vote.approve
        assert "balanced accuracy" in vote.reason
        assert "by chance 0.500" in vote.reason

    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("attacks", [0.5, 0.2, 0.05])
    def test_rejects_probabilities_that_ignore_the_input(self, seed: int, attacks: float) -> None:
        random = report_of(split=split_of(attacks=attacks, seed=seed), skills=(0.0, 0.0))
        assert not better_than_chance(random, None, GateSettings()).approve

    def test_approves_a_useful_model_of_rare_attacks(self) -> None:
        rare = report_of(split=split_of(n=2000, attacks=0.01), skills=(4.0, 1.0))
        assert better_than_chance(rare, None, GateSettings()).approve

    def test_compares_with_one_in_k_without_benign(self) -> None:
        split = split_of(TECHNIQUES, 400)
        skilled, random = (report_of(TECHNIQUES, split, skills=(s, 0.0)) for s in (2.0, 0.0))
        occurring = len({example.label for example in split.test})
        assert better_than_chance(skilled, None, GateSettings()).approve
        assert (
            f"by chance {1 / occurring:.3f}"
            in better_than_chance(skilled, None, GateSettings()).reason
        )
        assert not better_than_chance(random, None, GateSettings()).approve

    def test_rejects_a_model_that_always_says_benign(self, report: EvalReport) -> None:
        silent = with_metrics(report, macro_recall=Interval(0.5, 0.5, 0.5))
        vote = better_than_chance(silent, None, GateSettings())
        assert not vote.approve
        assert "0.500 (95% interval 0.500 to 0.500), by chance 0.500" in vote.reason

    @pytest.mark.parametrize("name", ["macro_recall", "roc_auc"])
    @pytest.mark.parametrize("found", [Interval(None), Interval(0.9), Interval(0.9, 0.4, 1.0)])
    def test_needs_both_lower_bounds(self, report: EvalReport, name: str, found: Interval) -> None:
        assert not better_than_chance(
            with_metrics(report, **{name: found}), None, GateSettings()
        ).approve

    @pytest.mark.parametrize("attacks", [0, 1, 3])
    def test_rejects_a_test_set_too_small(self, report: EvalReport, attacks: int) -> None:
        rows = {"benign": {"support": 60.0}, "phishing": {"support": float(attacks)}}
        few = replace(report, candidate=replace(report.candidate, per_class=rows))
        vote = better_than_chance(few, None, GateSettings())
        assert not vote.approve
        assert f"has {attacks} rows" in vote.reason

    def test_counts_beside_the_majority_without_benign(self) -> None:
        task = TaskSpec.of_text("pair", ("message",), ("a", "b"))
        found = report_of(task, split_of(task, 60), skills=(3.0, 1.0))
        rows = {"a": {"support": 57.0}, "b": {"support": 3.0}}
        few = replace(found, candidate=replace(found.candidate, per_class=rows))
        assert better_than_chance(found, None, GateSettings()).approve
        assert "has 3 rows" in better_than_chance(few, None, GateSettings()).reason


class TestNoLeak:
    def test_approves_a_clean_check_only(self, report: EvalReport) -> None:
        assert no_leak(report, None, GateSettings()).approve
        unchecked = no_leak(replace(report, leaks=LeakCheck()), None, GateSettings())
        assert not unchecked.approve
        assert "does not say" in unchecked.reason

    @pytest.mark.parametrize(
        ("found", "words"),
        [
            ({"texts": 2}, "2 by text"),
            ({"near_duplicates": 1200}, "1,200 by near-duplicate"),
            ({"uids": 1, "groups": 3}, "1 by incident, 3 by group"),
            ({"clusters": 4}, "4 by cluster"),
        ],
    )
    def test_rejects_a_leak_with_its_counts(
        self, report: EvalReport, found: dict[str, Any], words: str
    ) -> None:
        leaks = LeakCheck(checked=True, examples=("texts: 'e1' (test and train)",), **found)
        vote = no_leak(replace(report, leaks=leaks), None, GateSettings())
        assert not vote.approve
        assert words in vote.reason
        assert "'e1' (test and train)" in vote.reason


class TestVoters:
    def test_are_nine_with_a_reason_each(self, report: EvalReport) -> None:
        votes = [spec.vote(spec.configure({}), report, None, GateSettings()) for spec in VOTERS]
        assert all(isinstance(vote, Vote) and vote.reason for vote in votes)
        names = [spec.name for spec in VOTERS]
        assert [vote.voter for vote in votes if isinstance(vote, Vote)] == names
        assert names == [
            "min_labels",
            "not_worse_than_live",
            "beats_baseline",
            "recall_floor",
            "fpr_ceiling",
            "precision_floor",
            "alerts_ceiling",
            "better_than_chance",
            "no_leak",
        ]

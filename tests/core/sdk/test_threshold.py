from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sftsec_core.api.domain import Threshold
from sftsec_core.api.errors import ConfigError, DataError
from sftsec_core.api.predictions import ACTIONS, Predictions, predict_labels
from sftsec_core.sdk.threshold import (
    NEVER,
    ThresholdDecider,
    choose_threshold,
)
from sftsec_core.sdk.threshold_settings import ThresholdSettings

Scored = list[tuple[float, bool]]


SCORED = st.lists(
    st.tuples(st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1)), st.booleans()),
    min_size=1,
    max_size=30,
)


def choose(
    scored: Scored, method: str, target: float | None = None, rate: float | None = None
) -> Threshold:
    scores = np.array([score for score, _ in scored], dtype=np.float64)
    y = np.array([int(attack) for _, attack in scored], dtype=np.int64)
    wanted = ThresholdSettings.model_validate({"method": method, "target": target})
    dev = Predictions(y, np.c_[1 - scores, scores], 0)
    return choose_threshold(dev, wanted, incidents_per_day=rate)


def outcome(scored: Scored, threshold: float) -> tuple[int, int]:
    """True and false positives, by the decision rule itself: 1 - p(benign) >= threshold."""
    alerts = [attack for score, attack in scored if 1 - (1 - score) >= threshold]
    return sum(alerts), len(alerts) - sum(alerts)


def every_threshold(scored: Scored) -> list[float]:
    scores = [1 - (1 - score) for score, _ in scored]
    return [*scores, NEVER, 0.0]


def f1(scored: Scored, threshold: float) -> float:
    tp, fp = outcome(scored, threshold)
    return 2 * tp / (tp + fp + sum(attack for _, attack in scored))


class TestThresholdDecider:
    PROBA = np.array([[0.9, 0.1, 0.0], [0.6, 0.1, 0.3], [0.3, 0.4, 0.3], [0.75, 0.15, 0.1]])

    def decider(self, benign: int | None = 0, review_from: float | None = None) -> ThresholdDecider:
        return ThresholdDecider(Threshold(0.5, "fixed", 0.5), benign, review_from)

    def test_alerts_from_the_threshold_upwards(self) -> None:
        decided = self.decider().decide(self.PROBA)
        assert [ACTIONS[n] for n in decided.actions] == ["dismiss", "dismiss", "alert", "dismiss"]
        assert (
            decided.labels.tolist() == predict_labels(self.PROBA, 0, 0.5).tolist() == [0, 0, 1, 0]
        )

    def test_sends_to_review_what_lies_between(self) -> None:
        decided = self.decider(review_from=0.25).decide(self.PROBA)
        assert [ACTIONS[n] for n in decided.actions] == ["dismiss", "review", "alert", "review"]
        assert decided.labels.tolist() == [0, 2, 1, 1]
        assert decided.label_sets.tolist() == np.eye(3, dtype=bool)[[0, 2, 1, 1]].tolist()
        assert decided.alerted(0).tolist() == [0, 0, 1, 0]

    def test_alerts_on_everything_without_benign(self) -> None:
        decided = self.decider(benign=None, review_from=0.25).decide(self.PROBA)
        assert {ACTIONS[n] for n in decided.actions} == {"alert"}
        assert decided.alerted(None).tolist() == [0, 0, 1, 0]

    @pytest.mark.parametrize("benign", [0, None])
    @pytest.mark.parametrize("review_from", [None, 0.1])
    def test_is_the_same_after_its_state(
        self, benign: int | None, review_from: float | None
    ) -> None:
        decider = self.decider(benign, review_from)
        assert ThresholdDecider.load(json.loads(json.dumps(decider.state))) == decider

    def test_decides_nothing_for_no_rows(self) -> None:
        decided = self.decider(review_from=0.2).decide(np.zeros((0, 3)))
        assert decided.actions.shape == decided.labels.shape == (0,)
        assert decided.label_sets.shape == (0, 3)


class TestMaxF1:
    @given(SCORED)
    @settings(max_examples=200, deadline=None)
    def test_is_the_best_of_all_thresholds(self, scored: Scored) -> None:
        found = choose(scored, "max_f1")
        if len({attack for _, attack in scored}) < 2:
            assert found == Threshold(0.5, "default")
            return
        assert f1(scored, found.value) == max(f1(scored, t) for t in every_threshold(scored))

    def test_lies_midway_between_scores(self) -> None:
        assert choose([(0.2, False), (0.8, True)], "max_f1").value == pytest.approx(0.5)

    def test_takes_the_highest_of_equals(self) -> None:
        # F1 is 2/3 above 0.6 and 2/3 above 0.1 again.
        scored = [(0.9, True), (0.6, False), (0.5, False), (0.1, True)]
        assert choose(scored, "max_f1").value == pytest.approx(0.75)

    def test_tells_neighbouring_floats_apart(self) -> None:
        low = 0.75
        high = math.nextafter(low, 1)
        scored = [(high, True), (low, False)]
        assert outcome(scored, choose(scored, "max_f1").value) == (1, 0)


class TestFpr:
    @given(SCORED, st.sampled_from([0.0, 0.01, 0.1, 0.34, 1.0]))
    @settings(max_examples=200, deadline=None)
    def test_finds_most_attacks_within_its_bound(self, scored: Scored, target: float) -> None:
        found = choose(scored, "fpr", target)
        benign = sum(not attack for _, attack in scored)
        if not benign:
            assert found == Threshold(0.5, "default", target)
            return
        allowed = [t for t in every_threshold(scored) if outcome(scored, t)[1] / benign <= target]
        tp, fp = outcome(scored, found.value)
        assert fp / benign <= target
        assert tp == max(outcome(scored, t)[0] for t in allowed)

    def test_detects_nothing_when_nothing_is_allowed(self) -> None:
        found = choose([(1.0, False), (0.4, True)], "fpr", 0.0)
        assert found.value == NEVER
        assert found.value > 1.0


class TestAlertsPerDay:
    @given(SCORED, st.sampled_from([0.0, 0.5, 3.0, 100.0]))
    @settings(max_examples=200, deadline=None)
    def test_uses_and_keeps_the_budget(self, scored: Scored, target: float) -> None:
        rate = 10.0
        found = choose(scored, "alerts_per_day", target, rate)
        costs = [sum(outcome(scored, t)) / len(scored) * rate for t in every_threshold(scored)]
        spent = sum(outcome(scored, found.value)) / len(scored) * rate
        assert spent == max(cost for cost in costs if cost <= target)

    def test_names_the_missing_times(self) -> None:
        with pytest.raises(DataError, match="timestamps"):
            choose([(0.1, True)], "alerts_per_day", 5.0, None)


class TestChooseThreshold:
    def test_takes_a_fixed_threshold_unchanged(self) -> None:
        assert choose([(0.1, True)], "fixed", 0.37) == Threshold(0.37, "fixed", 0.37)

    @pytest.mark.parametrize("method", ["fixed", "fpr"])
    def test_refuses_a_percentage_as_a_fraction(self, method: str) -> None:
        with pytest.raises(ConfigError, match="fraction from 0 to 1"):
            choose([(0.1, True)], method, 5.0)

    def test_falls_back_to_one_half(self) -> None:
        nothing: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        found = choose_threshold(Predictions(nothing, np.zeros((0, 2)), 0), ThresholdSettings())
        assert found == Threshold(0.5, "default")

    def test_has_none_without_benign(self) -> None:
        found = choose_threshold(
            Predictions(np.array([1]), np.array([[0.2, 0.8]])), ThresholdSettings()
        )
        assert found == Threshold(0.0, "argmax")

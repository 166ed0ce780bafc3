"""A threshold for each group: chosen on dev, applied wherever incidents are decided on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from sftsec_core.api import ConfigError, DeciderSpec, DecidesByGroup
from sftsec_core.api.predictions import Predictions
from sftsec_core.testing import DeciderContract
from sftsec_fair.config import GroupThresholdSettings
from sftsec_fair.group_threshold import GroupThresholdDecider
from sftsec_fair.hooks import sftsec_register_deciders


def settings(**more: Any) -> GroupThresholdSettings:
    return GroupThresholdSettings.model_validate({"field": "unit", "allow": True, **more})


def dev(shift: float = 0.0, rows: int = 1200, seed: int = 2) -> Predictions:
    """Of two units; the scores of "b" are lower by `shift`."""
    rng = np.random.default_rng(seed)
    y, b = rng.integers(0, 2, rows), rng.integers(0, 2, rows)
    scores = np.clip(np.where(y == 1, 0.7, 0.3) + rng.normal(0, 0.1, rows) - shift * b, 0.01, 0.99)
    units = np.where(b == 1, "b", "a").astype(np.object_)
    return Predictions(y, np.column_stack([1 - scores, scores]), 0, facets={"unit": units})


def rates(decider: GroupThresholdDecider, given: Predictions) -> dict[str, dict[str, float]]:
    """Recall and false-positive rate of each unit."""
    alerts = decider.decide_by_group(given.proba, given.facets).alerted(0) == 1
    inside = {name: given.facets["unit"] == name for name in "ab"}
    return {
        "recall": {n: float(alerts[i & given.attacks].mean()) for n, i in inside.items()},
        "fpr": {n: float(alerts[i & ~given.attacks].mean()) for n, i in inside.items()},
    }


def f1_of_b(decider: GroupThresholdDecider, given: Predictions) -> float:
    """The macro-F1 of unit "b"."""
    rows = given.facets["unit"] == "b"
    alerts = decider.decide_by_group(given.proba, given.facets).alerted(0)
    return float(f1_score(given.y[rows], alerts[rows], average="macro"))


class TestGroupThresholds:
    def test_bring_up_the_recall_of_others(self) -> None:
        given, new = dev(0.25), dev(0.25, seed=9)
        decider = GroupThresholdDecider.fit(settings(), given, None)
        common = GroupThresholdDecider(decider.common, "unit", {})
        before, after = rates(common, new)["recall"], rates(decider, new)["recall"]
        assert before["a"] - before["b"] > 0.15
        assert abs(after["a"] - after["b"]) < 0.05
        assert after["a"] == before["a"], "no group is made worse"

    def test_lower_false_alarms_of_one(self) -> None:
        given, new = dev(-0.15), dev(-0.15, seed=9)
        decider = GroupThresholdDecider.fit(settings(equal="fpr"), given, None)
        before = rates(GroupThresholdDecider(decider.common, "unit", {}), new)["fpr"]
        after = rates(decider, new)["fpr"]
        assert before["b"] - before["a"] > 0.1
        assert abs(after["b"] - after["a"]) < 0.03

    def test_cost_no_more_than_allowed(self) -> None:
        """Where a group's scores are poor, its recall is lifted as far as that is worth it."""
        given = dev(0.0, rows=2000)
        noise = np.random.default_rng(4).uniform(-0.45, 0.45, len(given))
        poor = given.facets["unit"] == "b"
        scores = np.clip(given.attack_scores + np.where(poor, noise, 0), 0.01, 0.99)
        blurred = given.with_proba(np.column_stack([1 - scores, scores]))
        strict = GroupThresholdDecider.fit(settings(price=0), blurred, None)
        lavish = GroupThresholdDecider.fit(settings(price=1), blurred, None)
        common = GroupThresholdDecider(strict.common, "unit", {})
        lifted = [rates(each, blurred)["recall"]["b"] for each in (common, strict, lavish)]
        assert lifted == sorted(lifted)
        assert lifted[2] >= rates(common, blurred)["recall"]["a"]
        assert f1_of_b(strict, blurred) >= f1_of_b(common, blurred)
        assert f1_of_b(lavish, blurred) < f1_of_b(common, blurred) - 0.02

    def test_need_enough_rows(self) -> None:
        few = GroupThresholdDecider.fit(settings(), dev(0.15, rows=60), None)
        assert few.thresholds == {}

    def test_unknown_groups_get_the_common_one(self) -> None:
        decider = GroupThresholdDecider.fit(settings(), dev(0.15), None)
        proba = np.column_stack([[0.4, 0.6, 0.4], [0.6, 0.4, 0.6]])
        units: NDArray[np.object_] = np.array(["b", "new", ""], np.object_)
        found = decider.decide_by_group(proba, {"unit": units})
        assert found.unknown is not None
        assert found.thresholds is not None
        assert found.unknown.tolist() == [False, True, True]
        assert found.thresholds.tolist() == [
            decider.thresholds["b"], decider.threshold.value, decider.threshold.value,
        ]  # fmt: skip
        np.testing.assert_array_equal(found.actions[1:], decider.decide(proba).actions[1:])

    def test_state_keeps_all_of_them(self) -> None:
        decider = GroupThresholdDecider.fit(settings(review_from=0.2), dev(0.15), None)
        again = GroupThresholdDecider.load(json.loads(json.dumps(decider.state)))
        assert again == decider
        assert isinstance(again, DecidesByGroup)
        assert set(again.thresholds) == {"a", "b"}

    def test_need_a_benign_label(self) -> None:
        with pytest.raises(ConfigError, match="needs a benign label"):
            GroupThresholdDecider.fit(settings(), replace(dev(), benign=None), None)


class TestGroupThresholdContract(DeciderContract):
    def spec(self) -> DeciderSpec[Any]:
        return sftsec_register_deciders()[0]

    def config(self) -> dict[str, Any]:
        return {"field": "unit", "allow": True}

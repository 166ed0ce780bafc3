"""The audit: what it measures, what it says, and what it does not take for a gap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import AuditInput, AuditSpec, EvaluationSettings
from sftsec_core.testing import AuditContract, make_audit_input
from sftsec_fair.config import FairnessSettings
from sftsec_fair.fairness import fairness
from sftsec_fair.hooks import sftsec_register_audits
from tests.plugins.fair.inputs import UNITS, units_input

QUICK = FairnessSettings(permutations=499)


class TestFairness:
    def test_names_the_worst_group(self) -> None:
        section = fairness(QUICK, units_input(missed=0.3, false=0.05))
        assert section["outcome"] == "failed"
        worst = section["figures"]["worst"]
        assert (worst["group"], worst["figure"]) == ("unit=b", "recall")
        assert "Of the attacks of unit=b" in section["found"]
        assert "reweigh" in section["advice"]

    def test_holds_where_groups_are_alike(self) -> None:
        section = fairness(QUICK, units_input(missed=0.05, false=0.05))
        assert (section["outcome"], section["advice"]) == ("held", "")
        assert section["figures"]["worst"] is None

    def test_figures_are_those_of_the_rows(self) -> None:
        given = units_input(missed=0.3, false=0.1, incidents_per_day=200.0)
        groups = {each["group"]: each for each in fairness(QUICK, given)["figures"]["groups"]}
        mine, predictions = groups["unit=b"], given.predictions
        inside = np.array([each.facets["unit"] == "b" for each in given.split.test])
        attacks, alerts = predictions.attacks & inside, (predictions.labels == 1) & inside
        assert mine["attacks"] == mine["recall"]["of"] == attacks.sum()
        assert mine["recall"]["value"] == pytest.approx((attacks & alerts).sum() / attacks.sum())
        assert mine["fpr"]["of"] == inside.sum() - attacks.sum()
        assert mine["precision"]["value"] == pytest.approx((attacks & alerts).sum() / alerts.sum())
        assert mine["alerts_per_day"] == pytest.approx(alerts.sum() / 1000 * 200)
        expected = predictions.attack_scores[inside].mean() - predictions.attacks[inside].mean()
        assert mine["calibration"]["value"] == pytest.approx(expected)
        for name in ("recall", "fpr", "precision", "calibration"):
            assert mine[name]["low"] <= mine[name]["value"] <= mine[name]["high"]

    @pytest.mark.parametrize(
        ("settings", "said"),
        [(EvaluationSettings(), "No field is named"), (UNITS, "divides the test part")],
    )
    def test_says_why_nothing_was_measured(self, settings: EvaluationSettings, said: str) -> None:
        section = fairness(QUICK, replace(make_audit_input(), settings=settings))
        assert section["outcome"] == "not_measured"
        assert said in section["found"]

    def test_shuffled_groups_have_no_gap(self) -> None:
        named = sum(
            fairness(QUICK, units_input(400, 0.05, 0.05, seed))["figures"]["worst"] is not None
            for seed in range(40)
        )
        assert named <= 2

    def test_a_task_without_benign_is_compared(self) -> None:
        given = units_input(missed=0.4, false=0.4)
        bare = replace(given, predictions=replace(given.predictions, benign=None))
        worst = fairness(QUICK, bare)["figures"]["worst"]
        assert (worst["group"], worst["figure"]) == ("unit=b", "accuracy")


class TestFairnessAudit(AuditContract):
    def spec(self) -> AuditSpec[Any]:
        return sftsec_register_audits()[0]

    def config(self) -> dict[str, Any]:
        return {"permutations": 199}

    def sound(self) -> AuditInput:
        return units_input(300, 0.05, 0.05)

    def faulty(self) -> AuditInput:
        return units_input(300, 0.5, 0.05)

"""Deciding rows, by their groups where a decider does so."""

from __future__ import annotations

import numpy as np

from sftsec_core.api.domain import Threshold
from sftsec_core.evaluation.methods import decide_rows
from sftsec_core.sdk.threshold import ThresholdDecider
from tests.core.scoring.test_decision import UnitDecider

PROBA = np.array([[0.8, 0.2], [0.8, 0.2], [0.1, 0.9]])


class TestDecideRows:
    def test_groups_are_given_to_who_reads_them(self) -> None:
        units = np.array(["abroad", "", ""], np.object_)
        found = decide_rows(UnitDecider(0.5), PROBA, {"unit": units, "other": units})
        assert found.alerted(0).tolist() == [1, 0, 1]

    def test_a_missing_field_has_no_value(self) -> None:
        found = decide_rows(UnitDecider(0.5), PROBA, {})
        assert found.unknown is not None
        assert found.unknown.all()
        assert found.alerted(0).tolist() == [0, 0, 1]

    def test_other_deciders_see_no_group(self) -> None:
        decider = ThresholdDecider(Threshold(0.5, "fixed", 0.5), 0)
        units = np.array(["abroad", "", ""], np.object_)
        assert decide_rows(decider, PROBA, {"unit": units}).alerted(0).tolist() == [0, 0, 1]

"""How much worse a group is, and whether that is more than chance."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.api.predictions import Predictions
from sftsec_fair.comparison import Comparison, compare, measures_of
from sftsec_fair.config import FairnessSettings
from sftsec_fair.membership import combined_codes, facet_columns, find_groups, independent_units
from tests.plugins.fair.inputs import units_input

QUICK = FairnessSettings(permutations=999)


def compared(settings: FairnessSettings, **planted: float) -> Comparison:
    given = units_input(**planted)  # type: ignore[arg-type]
    test = given.split.test
    columns = facet_columns(test, settings)
    return compare(
        find_groups(columns, settings),
        measures_of(given.predictions),
        independent_units(test),
        combined_codes(columns),
        settings,
    )


class TestCompare:
    @pytest.mark.parametrize(
        ("planted", "figures"),
        [
            ({"missed": 0.25, "false": 0.05}, {"recall", "calibration"}),
            ({"missed": 0.05, "false": 0.25}, {"fpr", "precision", "calibration"}),
        ],
    )
    def test_finds_the_planted_gap(self, planted: dict[str, float], figures: set[str]) -> None:
        found = [each for each in compared(QUICK, **planted).gaps if each.found]
        assert {each.figure for each in found if each.group == "unit=b"} == figures
        assert not any(each.figure == "calibration" for each in found if each.group == "unit=a")
        named = next(each for each in found if each.figure in {"recall", "fpr"})
        assert named.low < 0.2 < named.high
        assert named.gap == pytest.approx(0.2, abs=0.06)

    def test_finds_none_without_one(self) -> None:
        assert not any(each.found for each in compared(QUICK, missed=0.05, false=0.05).gaps)

    def test_tiny_differences_are_no_gap(self) -> None:
        large = FairnessSettings(permutations=999, least_gap=0.4)
        assert not any(each.found for each in compared(large, missed=0.3, false=0.05).gaps)

    def test_groups_without_rows_are_unmeasured(self) -> None:
        found = compared(FairnessSettings(permutations=199, fewest=25), rows=100, missed=0.1)
        assert {figure for _, figure, _ in found.unmeasured} == {"recall", "precision"}
        assert {each.figure for each in found.gaps} == {"fpr", "calibration"}


class TestMeasures:
    def test_without_benign_are_right_answers(self) -> None:
        (only,) = measures_of(Predictions(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]])))
        assert (only.figure, only.bad.tolist()) == ("accuracy", [0.0, 1.0])

    def test_calibration_is_signed(self) -> None:
        given = Predictions(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]), 0)
        calibration = measures_of(given)[-1]
        assert calibration.bad.tolist() == pytest.approx([0.1, -0.8])

"""What every figure is computed from, and the rule that turns probabilities into labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sftsec_core.api.predictions import Predictions, predict_labels

PROBA = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [1.0, 0.0, 0.0], [0.5, 0.25, 0.25]])
Y = np.array([0, 2, 0, 1])
GROUPS = np.fromiter([("a",), ("a", "b"), (), ("c",)], np.object_, count=4)
UNITS = np.array(["a", "", "b", "a"], np.object_)
AT = np.array(["2026-01-01", "2026-01-02", None, "2026-01-03"], dtype="datetime64[us]")


class TestRule:
    def test_alerts_on_the_threshold_itself(self) -> None:
        assert predict_labels(PROBA, 0, 0.5).tolist() == [0, 2, 0, 1]

    def test_never_labels_a_detection_benign(self) -> None:
        assert predict_labels(PROBA, 0, 0.1).tolist() == [1, 2, 0, 1]

    def test_takes_the_most_probable_class_without_benign(self) -> None:
        assert predict_labels(PROBA, None, 0.99).tolist() == [0, 2, 0, 0]

    def test_accepts_benign_in_any_column(self) -> None:
        assert predict_labels(PROBA, 2, 0.85).tolist() == [0, 2, 0, 2]

    def test_gives_no_labels_for_no_rows(self) -> None:
        assert predict_labels(np.zeros((0, 3)), 0, 0.5).shape == (0,)


class TestPredictions:
    def test_computes_scores_and_labels_once(self) -> None:
        predictions = Predictions(Y, PROBA, 0, 0.5)
        assert predictions.attack_scores.tolist() == pytest.approx([0.3, 0.7, 0.0, 0.5])
        assert predictions.labels.tolist() == [0, 2, 0, 1]
        assert predictions.attacks.tolist() == [False, True, False, True]
        assert predictions.labels is predictions.labels
        assert predictions.attack_scores is predictions.attack_scores

    def test_has_no_attack_side_without_benign(self) -> None:
        predictions = Predictions(Y, PROBA)
        assert predictions.labels.tolist() == [0, 2, 0, 0]
        with pytest.raises(ValueError, match="without a benign class"):
            _ = predictions.attack_scores

    @pytest.mark.parametrize("rows", [np.array([3, 1, 1]), np.array([False, True, False, True])])
    @pytest.mark.parametrize("computed", [False, True])
    def test_selects_rows_as_if_made_of_them(self, rows: Any, computed: bool) -> None:
        predictions = Predictions(Y, PROBA, 0, 0.5, GROUPS, AT, facets={"unit": UNITS})
        if computed:
            assert len(predictions.labels) == len(predictions.attack_scores) == 4
        taken = predictions.take(rows)
        made = Predictions(Y[rows], PROBA[rows], 0, 0.5)
        assert len(taken) == len(Y[rows])
        assert taken.labels.tolist() == made.labels.tolist()
        assert taken.attack_scores.tolist() == made.attack_scores.tolist()
        assert taken.groups is not None
        assert taken.groups.tolist() == GROUPS[rows].tolist()
        assert taken.at is not None
        assert np.array_equal(taken.at, AT[rows])
        assert taken.facets["unit"].tolist() == UNITS[rows].tolist()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"proba": PROBA[:3]},
            {"proba": Y},
            {"groups": GROUPS[:2]},
            {"at": AT[:1]},
            {"facets": {"unit": UNITS[:1]}},
        ],
    )
    def test_refuses_arrays_of_other_lengths(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="4 true classes do not fit"):
            Predictions(**{"y": Y, "proba": PROBA} | wrong)

"""How far a derived model is from its parent."""

from __future__ import annotations

import pytest

from sftsec_core.api.domain import Split, Threshold
from sftsec_core.evaluation.agreement import Agreement, compare_with_parent
from sftsec_core.evaluation.inference import FittedModel
from tests.core.evaluation.rote_models import BINARY, RoteModel, examples, served_with

PARTS = served_with(1.0, Threshold(0.5, "fixed", 0.5))
SPLIT = Split(examples("train", [0, 1]), (), examples("test", [0, 1] * 100))
PARENT = FittedModel(RoteModel(BINARY.labels, skill=6), "rote")


class TestCompareWithParent:
    def test_copy_agrees_in_everything(self) -> None:
        copy = FittedModel(RoteModel(BINARY.labels, skill=6), "rote")
        found = compare_with_parent(copy, PARENT, SPLIT, BINARY, PARTS)
        assert set(found) == {"test"}  # there is no dev
        assert (found["test"]["same"], found["test"]["max_difference"]) == (1.0, 0.0)
        assert found["test"]["macro_f1"] == found["test"]["parent_macro_f1"] > 0.99

    def test_worse_model_shows_in_each_figure(self) -> None:
        worse = FittedModel(RoteModel(BINARY.labels, skill=1, seed=3), "rote")
        found = compare_with_parent(worse, PARENT, SPLIT, BINARY, PARTS)["test"]
        assert found["rows"] == 200
        assert 0.5 < found["same"] < 0.9
        assert found["max_difference"] > found["mean_difference"] > 0.1
        assert found["parent_macro_f1"] - found["macro_f1"] > 0.1


class TestAgreement:
    @pytest.mark.parametrize(("ours", "loss"), [(0.9, 0.05), (None, None)])
    def test_loss_is_the_parents_lead(self, ours: float | None, loss: float | None) -> None:
        found = Agreement(10, 1.0, 0.1, 0.01, ours, 0.95).loss
        assert found == (None if loss is None else pytest.approx(loss))

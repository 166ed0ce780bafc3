"""A model's answers, checked and put into the task's order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.domain import Batch, Split
from sftsec_core.api.errors import TrainingError
from sftsec_core.evaluation.evaluate import evaluate
from sftsec_core.evaluation.inference import FittedModel
from tests.core.evaluation.rote_models import BINARY, RoteModel, examples, split_of


class Short(RoteModel):
    """Reads the first texts whole."""

    def reads_whole(self, batch: Batch) -> NDArray[np.bool_]:
        return np.arange(len(batch)) < 7


class Wrong(RoteModel):
    def reads_whole(self, batch: Batch) -> NDArray[np.bool_]:
        return np.ones(len(batch) + 1, dtype=bool)


class TestCut:
    def test_rows_of_the_test_part_are_counted(self) -> None:
        split, labels = split_of(), ("benign", "phishing")
        others = {"whole": FittedModel(RoteModel(labels, 3.0), "y")}
        report = evaluate(FittedModel(Short(labels, 3.0), "x"), others, split, BINARY)
        assert report.candidate.cut == len(split.test) - 7
        assert report.others["whole"].cut == 0

    def test_answer_of_another_shape_is_refused(self) -> None:
        model = FittedModel(Wrong(("benign", "phishing"), 3.0), "x")
        with pytest.raises(TrainingError, match="one bool a row"):
            evaluate(model, {}, split_of(), BINARY)


class TestPredict:
    def test_puts_labels_into_the_tasks_order(self) -> None:
        model = RoteModel(("benign", "phishing"), 3.0)

        class Turned:
            labels = ("worm", "phishing", "benign")

            def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
                texts = batch.text()
                proba = model.predict_proba(batch)
                return np.asarray(np.c_[np.full(len(texts), 0.5), proba[:, ::-1] / 2])

            save = model.save

        plain = evaluate(FittedModel(model, "x"), {}, split_of(), BINARY)
        turned = evaluate(FittedModel(Turned(), "x"), {}, split_of(), BINARY)
        assert turned.candidate.confusion == plain.candidate.confusion

    @pytest.mark.parametrize(
        ("answer", "complaint"),
        [
            ([[0.5, 0.6]], "do not sum to 1"),
            ([[math.nan, 1.0]], "not a number"),
            ([[-0.5, 1.5]], "negative"),
            ([[1.0]], r"shape \(1, 1\)"),
        ],
    )
    def test_refuses_what_are_no_probabilities(
        self, answer: list[list[float]], complaint: str
    ) -> None:
        class Broken:
            labels = BINARY.labels

            def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
                return np.array(answer)

            def save(self, folder: object) -> None: ...

        split = Split(examples("train", [0, 1]), [], examples("test", [1]))
        with pytest.raises(TrainingError, match=complaint):
            evaluate(FittedModel(Broken(), "broken"), {}, split, BINARY)

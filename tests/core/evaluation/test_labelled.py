"""What a model decides on labelled examples."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from sftsec_core.api.contracts import AuditInput
from sftsec_core.api.domain import Example, Split
from sftsec_core.api.errors import DataError
from sftsec_core.evaluation.evaluate import evaluate
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.evaluation.labelled import LabelledPart, answer, incidents_per_day
from sftsec_core.evaluation.methods import ServingMethods
from sftsec_core.sdk.threshold_settings import ThresholdSettings
from tests.core.evaluation.rote_models import BEGIN, BINARY, FAMILIES, RoteModel, examples, split_of


class TestAnswer:
    def test_is_what_an_evaluation_decides(self) -> None:
        seen: list[AuditInput] = []

        def keep(given: AuditInput) -> dict[str, int]:
            seen.append(given)
            return {}

        split = split_of()
        fitted = FittedModel(RoteModel(BINARY.labels, 2.0), "hybrid")
        methods = ServingMethods(decider_config=ThresholdSettings(method="fpr", target=0.02))
        evaluate(
            fitted,
            {},
            split,
            BINARY,
            methods=methods,
            audits={"keep": keep},
        )
        found = answer(fitted, split, BINARY, methods)
        (given,) = seen
        assert found.threshold == given.predictions.threshold
        np.testing.assert_array_equal(found.proba, given.predictions.proba)
        np.testing.assert_array_equal(found.labels, given.predictions.labels)

    def test_without_dev_decides_at_half(self) -> None:
        split = Split((), (), examples("test", [0, 1] * 20))
        found = answer(
            FittedModel(RoteModel(BINARY.labels, 2.0), "x"), split, BINARY, ServingMethods()
        )
        assert found.threshold == 0.5

    def test_reviews_are_marked(self) -> None:
        settings = ThresholdSettings(method="fixed", target=0.9, review_from=0.2)
        fitted = FittedModel(RoteModel(BINARY.labels, 1.0), "x")
        found = answer(fitted, split_of(), BINARY, ServingMethods(decider_config=settings))
        assert found.reviewed is not None
        scores = found.attack_scores
        np.testing.assert_array_equal(found.reviewed, (scores >= 0.2) & (scores < 0.9))
        assert found.reviewed.any()


class TestLabelledPart:
    def test_strange_label_is_refused(self) -> None:
        with pytest.raises(DataError, match="label of task 'web'"):
            LabelledPart.of(examples("test", [1], BINARY), FAMILIES)


def at_hours(*hours: float) -> list[Example]:
    return [Example.of_text(f"{h}", "t", "benign", at=BEGIN + timedelta(hours=h)) for h in hours]


class TestIncidentsPerDay:
    def test_of_random_dev_count_every_part(self) -> None:
        dev = at_hours(0, 24, 48)
        rest = at_hours(*np.linspace(0.5, 47.5, 57))
        assert incidents_per_day(dev, Split(rest, dev, [])) == pytest.approx(30)

    def test_of_later_dev_count_it_alone(self) -> None:
        dev = at_hours(48, 60, 72, 96)
        assert incidents_per_day(dev, Split(at_hours(0, 10, 20), dev, [])) == pytest.approx(2)

    @pytest.mark.parametrize("dev", [[], [Example.of_text("a", "t", "benign")], at_hours(3, 3)])
    def test_need_two_different_times(self, dev: list[Example]) -> None:
        assert incidents_per_day(dev, Split([], dev, [])) is None

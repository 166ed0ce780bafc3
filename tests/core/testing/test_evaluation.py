"""The metric's contract passes a right metric and finds wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.contracts import EmptyConfig, MetricSpec
from sftsec_core.api.predictions import Predictions
from sftsec_core.testing import MetricContract


def brier(_config: EmptyConfig, predictions: Predictions) -> float | None:
    """Right: the mean squared error of the attack's probability."""
    return float(np.mean((predictions.proba[:, 1] - predictions.y) ** 2))


def undefined_is_nan(config: EmptyConfig, predictions: Predictions) -> float | None:
    return float("nan") if len(set(predictions.y)) < 2 else brier(config, predictions)


def first_row(_config: EmptyConfig, predictions: Predictions) -> float | None:
    return float((predictions.proba[0, 1] - predictions.y[0]) ** 2)


def constant(_config: EmptyConfig, _predictions: Predictions) -> float | None:
    return 0.5


def the_other_way(config: EmptyConfig, predictions: Predictions) -> float | None:
    return -(brier(config, predictions) or 0.0)


def sorts_in_place(config: EmptyConfig, predictions: Predictions) -> float | None:
    predictions.proba.sort(axis=0)
    return brier(config, predictions)


class MetricUnderTest(MetricContract):
    compute: Callable[..., float | None] = staticmethod(brier)

    def spec(self) -> MetricSpec[Any]:
        return MetricSpec(
            name="brier", summary="Brier score", higher_is_better=False, compute=self.compute
        )


class TestARightMetric(MetricUnderTest):
    """Everything, inherited."""


@pytest.mark.parametrize(
    ("wrong", "test"),
    [
        (undefined_is_nan, "test_it_gives_a_number_or_none"),
        (first_row, "test_the_order_of_the_rows_does_not_matter"),
        (constant, "test_better_predictions_have_a_better_figure"),
        (the_other_way, "test_better_predictions_have_a_better_figure"),
        (sorts_in_place, "test_predictions_are_not_changed_in_place"),
    ],
)
def test_contract_finds_a_wrong_metric(wrong: Callable[..., Any], test: str) -> None:
    faulty = type("Faulty", (MetricUnderTest,), {"compute": staticmethod(wrong)})()
    with pytest.raises((AssertionError, AttributeError, KeyError, TypeError)):
        getattr(faulty, test)()

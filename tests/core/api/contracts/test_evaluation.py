"""Metrics of plugins, with settings."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict

from sftsec_core.api import ConfigError, MetricSpec, Predictions


class Cost(BaseModel):
    model_config = ConfigDict(extra="forbid")

    miss: float = 10.0


def cost(config: Cost, predictions: Predictions) -> float:
    misses = predictions.attacks & (predictions.labels == predictions.benign)
    return float(config.miss * misses.sum())


COST = MetricSpec(name="cost", summary="x", higher_is_better=False, config_model=Cost, compute=cost)
PREDICTIONS = Predictions(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]]), 0)


class TestWithSettings:
    @pytest.mark.parametrize(("options", "expected"), [({}, 10.0), ({"miss": 3}, 3.0)])
    def test_computes_with_them(self, options: dict[str, float], expected: float) -> None:
        bound = COST.with_settings(options)
        assert bound.compute(bound.configure({}), PREDICTIONS) == expected

    def test_refuses_wrong_ones(self) -> None:
        with pytest.raises(ConfigError, match="mis"):
            COST.with_settings({"mis": 3})

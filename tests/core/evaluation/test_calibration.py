from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.predictions import Predictions
from sftsec_core.evaluation.calibration import (
    apply_temperature,
    calibration_curve,
    fit_temperature,
    negative_log_likelihood,
)
from sftsec_core.evaluation.metrics import compute_metrics


def honest(n: int, k: int = 3, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities that mean what they say, and classes drawn by them."""
    rng = np.random.default_rng(seed)
    powers = np.exp(2 * rng.normal(size=(n, k)))
    proba = powers / powers.sum(axis=1, keepdims=True)
    drawn = (rng.random((n, 1)) > np.cumsum(proba, axis=1)).sum(axis=1)
    return proba, np.minimum(drawn, k - 1)


class TestFitTemperature:
    @pytest.mark.parametrize("temperature", [0.4, 1.7, 5.0])
    def test_recovers_the_temperature_applied_before(
        self,
        temperature: float,
    ) -> None:
        proba, y = honest(20_000)
        spoilt = apply_temperature(proba, 1 / temperature)
        assert fit_temperature(Predictions(y, spoilt)) == pytest.approx(temperature, rel=0.05)

    def test_lowers_the_error_on_other_data(self) -> None:
        (dev, y_dev), (test, y_test) = honest(2000, 2, seed=1), honest(2000, 2, seed=2)
        temperature = fit_temperature(Predictions(y_dev, apply_temperature(dev, 0.3)))
        raw = apply_temperature(test, 0.3)
        before = compute_metrics(Predictions(y_test, raw, 0))["ece"]
        after = compute_metrics(Predictions(y_test, apply_temperature(raw, temperature), 0))["ece"]
        assert before is not None
        assert after is not None
        assert after < before / 2

    def test_an_empty_dev_changes_nothing(self) -> None:
        assert fit_temperature(Predictions(np.zeros(0, dtype=np.int64), np.zeros((0, 2)))) == 1.0

    def test_calibrated_probabilities_hardly_change(self) -> None:
        proba, y = honest(20_000)
        assert fit_temperature(Predictions(y, proba)) == pytest.approx(1.0, abs=0.03)

    def test_faultless_dev_asks_for_no_certainty(self) -> None:
        y = np.array([0, 1] * 25)
        proba = np.where(np.eye(2)[y] == 1, 0.8, 0.2)
        sharpened = apply_temperature(proba, fit_temperature(Predictions(y, proba)))
        assert 0.97 < sharpened.max() < 0.995

    def test_never_makes_dev_less_likely(self) -> None:
        for seed in range(20):
            proba, y = honest(8, seed=seed)
            after = apply_temperature(proba, fit_temperature(Predictions(y, proba)))
            before = negative_log_likelihood(Predictions(y, proba))
            assert negative_log_likelihood(Predictions(y, after)) <= before

    def test_certain_and_wrong_answers_stay_finite(self) -> None:
        proba, y = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([0, 1, 1])
        temperature = fit_temperature(Predictions(y, proba))
        softened = apply_temperature(proba, temperature)
        assert np.isfinite(softened).all()
        assert softened.sum(axis=1) == pytest.approx(1.0)


class TestApplyTemperature:
    def test_keeps_the_order_of_classes(self) -> None:
        proba, _ = honest(500)
        for temperature in (0.2, 3.0):
            scaled = apply_temperature(proba, temperature)
            assert np.array_equal(scaled.argsort(axis=1), proba.argsort(axis=1))


class TestCalibrationCurve:
    def test_shows_the_bins_with_rows(self) -> None:
        confidence = np.array([0.9, 0.92, 0.1])
        curve = calibration_curve(
            Predictions(np.array([1, 0, 0]), np.c_[1 - confidence, confidence], 0)
        )
        assert curve.x == pytest.approx((0.1, 0.91))
        assert curve.y == (0.0, 0.5)
        assert curve.at == (1.0, 2.0)

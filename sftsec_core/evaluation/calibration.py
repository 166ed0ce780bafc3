"""Temperature scaling (Guo et al. 2017): one number that makes confidence agree with accuracy.

Fitted on dev, applied to everything afterwards: thresholds, reports and detections are all in
calibrated probabilities. It never changes which class is the most probable.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Curve
from sftsec_core.evaluation.metrics import ECE_BINS, ece_bins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import EmptyConfig
    from sftsec_core.api.predictions import Predictions

_BOUNDS = (np.log(0.05), np.log(20.0))
# A probability of exactly 0 has no logarithm; nothing that trains ever means one this small.
_TINY = 1e-30


@dataclass(frozen=True, slots=True)
class TemperatureCalibrator:
    """The built-in calibrator; a temperature of 1 changes nothing."""

    temperature: float

    @property
    def state(self) -> Mapping[str, Any]:
        """The temperature."""
        return {"temperature": self.temperature}

    def calibrate(self, proba: NDArray[np.float64]) -> NDArray[np.float64]:
        """Raise probabilities to 1 / temperature and make the rows sum to 1 again."""
        return apply_temperature(proba, self.temperature)

    @classmethod
    def fit(cls, _config: EmptyConfig, dev: Predictions) -> TemperatureCalibrator:
        """Find the temperature on dev."""
        return cls(fit_temperature(dev))

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> TemperatureCalibrator:
        """Make the calibrator of a state.

        Raises:
            ValueError: when it is not a state of this calibrator.
        """
        temperature = float(state["temperature"])
        if not 0 < temperature < math.inf:
            raise ValueError(f"a temperature of {temperature:g} is out of range")
        return cls(temperature)


def fit_temperature(dev: Predictions) -> float:
    """Find the temperature under which dev's labels are most likely.

    One imaginary row, whose label is any class with equal chance, is added to dev. Otherwise a
    dev set without a mistake would ask for certainty (T = 0); with it, fifty rows without a
    mistake ask for about 99%. Its pull fades as dev grows.

    Args:
        dev: the model's own probabilities on dev, not yet calibrated; may be empty.

    Returns:
        A temperature from 0.05 to 20; 1.0 (no change) when dev is empty or its negative
        log-likelihood does not fall.
    """
    if not len(dev):
        return 1.0
    # Here: half a second to import, and who scores has a temperature already.
    from scipy.optimize import minimize_scalar

    logs, rows = _logs(dev.proba), np.arange(len(dev))

    def loss(log_t: float) -> float:
        scaled = _log_softmax(logs / np.exp(log_t))
        real = -scaled[rows, dev.y].sum()
        imaginary = -scaled.mean()
        return float(real + imaginary)

    best = minimize_scalar(loss, bounds=_BOUNDS, method="bounded", options={"xatol": 1e-4})
    temperature = float(np.exp(best.x))
    before = negative_log_likelihood(dev)
    after = negative_log_likelihood(dev.with_proba(apply_temperature(dev.proba, temperature)))
    return temperature if loss(float(best.x)) < loss(0.0) and after < before else 1.0


def apply_temperature(proba: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Raise probabilities to 1 / T and make the rows sum to 1 again.

    Args:
        proba: probabilities, shape (n, k).
        temperature: above 1 softens, below 1 sharpens; 1 returns `proba` itself.
    """
    if temperature == 1.0:
        return proba
    scaled: NDArray[np.float64] = np.exp(_log_softmax(_logs(proba) / temperature))
    return scaled


def negative_log_likelihood(predictions: Predictions) -> float:
    """Mean of -log p(true class), in nats; a probability of 0 counts as 1e-30."""
    rows = np.arange(len(predictions))
    return float(-_logs(predictions.proba)[rows, predictions.y].mean())


def calibration_curve(predictions: Predictions) -> Curve:
    """Compare confidence with accuracy, in the bins of the ECE.

    Returns:
        For each bin with rows: mean confidence, fraction that is correct, number of rows.
    """
    confidence, correct, bins = ece_bins(predictions)
    sizes = np.bincount(bins, minlength=ECE_BINS)
    kept = sizes > 0
    x = np.bincount(bins, confidence, minlength=ECE_BINS)[kept] / sizes[kept]
    y_mean = np.bincount(bins, correct, minlength=ECE_BINS)[kept] / sizes[kept]
    return Curve(
        tuple(x.tolist()), tuple(y_mean.tolist()), tuple(sizes[kept].astype(float).tolist())
    )


def _logs(proba: NDArray[np.float64]) -> NDArray[np.float64]:
    logs: NDArray[np.float64] = np.log(np.clip(proba, _TINY, 1.0))
    return logs


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result

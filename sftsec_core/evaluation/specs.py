"""The built-in calibrator and decider, as the plugin manager knows them.

Importing this module costs nothing: numpy and scipy are loaded when something is fitted or loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import CalibratorSpec, DeciderSpec, EmptyConfig
from sftsec_core.sdk.threshold_settings import ThresholdSettings

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Calibrator, Decider
    from sftsec_core.api.predictions import Predictions


def _fit_temperature(config: EmptyConfig, dev: Predictions) -> Calibrator:
    from sftsec_core.evaluation.calibration import TemperatureCalibrator

    return TemperatureCalibrator.fit(config, dev)


def _load_temperature(state: Mapping[str, Any]) -> Calibrator:
    from sftsec_core.evaluation.calibration import TemperatureCalibrator

    return TemperatureCalibrator.load(state)


def _fit_threshold(
    config: ThresholdSettings, dev: Predictions, incidents_per_day: float | None
) -> Decider:
    from sftsec_core.sdk.threshold import ThresholdDecider

    return ThresholdDecider.fit(config, dev, incidents_per_day)


def _load_threshold(state: Mapping[str, Any]) -> Decider:
    from sftsec_core.sdk.threshold import ThresholdDecider

    return ThresholdDecider.load(state)


TEMPERATURE = CalibratorSpec(
    name="temperature",
    summary="Temperature scaling: one number, fitted on dev",
    fit=_fit_temperature,
    load=_load_temperature,
)
THRESHOLD = DeciderSpec(
    name="threshold",
    summary="One threshold on the attack probability, chosen on dev",
    config_model=ThresholdSettings,
    fit=_fit_threshold,
    load=_load_threshold,
)

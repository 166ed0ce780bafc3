"""The built-in calibrator and decider, as the plugin manager knows them.

Importing this module costs nothing: numpy and scipy are loaded when something is fitted or loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from sftsec_core.api.contracts import CalibratorSpec, DeciderSpec, EmptyConfig
from sftsec_core.api.settings.values import Fraction, Strict

if TYPE_CHECKING:
    from sftsec_core.api.contracts import Calibrator, Decider
    from sftsec_core.api.predictions import Predictions


class ThresholdSettings(Strict):
    """From which probability an incident is a detection."""

    method: Literal["max_f1", "fpr", "alerts_per_day", "fixed"] = "max_f1"
    target: float | None = Field(
        None, ge=0, description="The rate, the alerts a day, or the fixed probability."
    )
    review_from: Fraction | None = Field(
        None,
        description="Attack probability from which what is under the threshold goes to review.",
    )

    @model_validator(mode="after")
    def _need_a_target(self) -> ThresholdSettings:
        if self.method != "max_f1" and self.target is None:
            raise ValueError(f"method {self.method} needs a target")
        return self


def _fit_temperature(config: EmptyConfig, dev: Predictions) -> Calibrator:
    from sftsec_core.evaluation.calibration import TemperatureCalibrator

    return TemperatureCalibrator.fit(config, dev)


def _load_temperature(state: Mapping[str, Any]) -> Calibrator:
    from sftsec_core.evaluation.calibration import TemperatureCalibrator

    return TemperatureCalibrator.load(state)


def _fit_threshold(
    config: ThresholdSettings, dev: Predictions, incidents_per_day: float | None
) -> Decider:
    from sftsec_core.evaluation.threshold import ThresholdDecider

    return ThresholdDecider.fit(config, dev, incidents_per_day)


def _load_threshold(state: Mapping[str, Any]) -> Decider:
    from sftsec_core.evaluation.threshold import ThresholdDecider

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

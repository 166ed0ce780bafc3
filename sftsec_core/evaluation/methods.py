"""How a task calibrates and decides: its calibrator and its decider, with their settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from sftsec_core.api.contracts.base import EmptyConfig
from sftsec_core.api.contracts.serving import DecidesByGroup
from sftsec_core.api.domain import FittedPart
from sftsec_core.evaluation.specs import TEMPERATURE, THRESHOLD
from sftsec_core.sdk.threshold_settings import ThresholdSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.contracts.serving import (
        Calibrator,
        CalibratorSpec,
        Decider,
        DeciderSpec,
    )
    from sftsec_core.api.predictions import Decisions, Predictions


Facets = Mapping[str, "NDArray[np.object_]"]


def decide_rows(decider: Decider, proba: NDArray[np.float64], facets: Facets) -> Decisions:
    """Decide rows, by their groups where the decider does so.

    Args:
        decider: what decides.
        proba: calibrated probabilities, shape (n, k).
        facets: field name to values, shape (n,); a field that is missing has no value in any row.
    """
    if not isinstance(decider, DecidesByGroup):
        return decider.decide(proba)
    none = np.full(len(proba), "", dtype=np.object_)
    read = {name: facets.get(name, none) for name in decider.group_fields}
    return decider.decide_by_group(proba, read)


class ServingParts(NamedTuple):
    """A calibrator and a decider, with what is kept of them in the model's folder."""

    calibrator: Calibrator
    decider: Decider
    saved_calibrator: FittedPart
    saved_decider: FittedPart


@dataclass(frozen=True, slots=True)
class ServingMethods:
    """What fits a calibrator and a decider on dev.

    Attributes:
        calibrator: the spec that `calibrator` of the task names.
        decider: the spec that `decider` of the task names.
        calibrator_config: its settings, an instance of its `config_model`.
        decider_config: its settings, an instance of its `config_model`.
    """

    calibrator: CalibratorSpec[Any] = TEMPERATURE
    decider: DeciderSpec[Any] = THRESHOLD
    calibrator_config: BaseModel = field(default_factory=EmptyConfig)
    decider_config: BaseModel = field(default_factory=ThresholdSettings)

    def fit(self, raw_dev: Predictions, incidents_per_day: float | None) -> ServingParts:
        """Fit the calibrator on the model's own probabilities, the decider on calibrated ones."""
        calibrator = self.calibrator.fit(self.calibrator_config, raw_dev)
        dev = raw_dev.with_proba(calibrator.calibrate(raw_dev.proba))
        decider = self.decider.fit(self.decider_config, dev, incidents_per_day)
        return ServingParts(
            calibrator,
            decider,
            FittedPart(self.calibrator.name, dict(calibrator.state)),
            FittedPart(self.decider.name, dict(decider.state)),
        )

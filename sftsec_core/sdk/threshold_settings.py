"""The settings of a decider that chooses a threshold, for other deciders' settings to inherit."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from sftsec_core.api.settings.values import Fraction, Strict


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
    def _need_a_target(self) -> Self:
        if self.method != "max_f1" and self.target is None:
            raise ValueError(f"method {self.method} needs a target")
        return self

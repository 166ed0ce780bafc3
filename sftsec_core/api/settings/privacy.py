"""How much privacy the trainings of a task may spend together."""

from __future__ import annotations

from pydantic import Field

from sftsec_core.api.settings.values import Strict


class PrivacyBudget(Strict):
    """A bound on the privacy loss of all trainings of a task, those of the past too."""

    epsilon: float = Field(gt=0, le=1000, description="Privacy loss of all trainings together.")
    delta: float = Field(
        1e-5, gt=0, lt=0.01, description="Chance that the bound fails; well below 1 / rows."
    )

"""Settings of fine-tuning with differential privacy."""

from __future__ import annotations

from pydantic import Field

from sftsec_core.api.settings.values import Strict


class PrivateSettings(Strict):
    """DP-SGD in the place of the usual training; it takes `pip install 'sftsec[privacy]'`."""

    epsilon: float = Field(
        8.0, gt=0, le=100, description="Privacy loss of one training; smaller protects more."
    )
    delta: float | None = Field(
        None, gt=0, lt=0.01, description="Chance that the bound fails; default: rows to the -1.1."
    )
    steps: int = Field(100, ge=1, le=10_000, description="Steps of the training.")
    sample_rate: float = Field(
        0.1, gt=0, le=1, description="Share of the rows that a step draws, each by chance."
    )
    clip: float = Field(1.0, gt=0, description="Bound on what one row may add to a step.")
    learning_rate: float = Field(
        3e-4, gt=0, description="Of the encoder; the head's, and that of adapters, is ten times it."
    )

    def delta_of(self, rows: int) -> float:
        """The chance that the bound may fail: what is set, or well below one in so many rows."""
        return self.delta or float(max(rows, 2) ** -1.1)

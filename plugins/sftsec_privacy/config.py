"""Settings of the audit, the voter and the private recipe."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from sftsec_core.api import Duration, Strict


class PrivacySettings(Strict):
    """How much is tried to find out what a model gives away."""

    shadows: int = Field(
        8, ge=4, le=64, description="Models that are fitted, each on half of the rows."
    )
    rows: int = Field(
        2000, ge=100, le=50_000, description="Incidents that are told members or not, at most."
    )
    canaries: int = Field(
        16, ge=0, le=200, description="Made-up incidents that are planted; half of them a model."
    )
    seed: int = Field(
        20221,
        ge=0,
        description="Of which incidents a model has: the same in each report, so they compare.",
    )
    max_auc: float = Field(
        0.55, ge=0.5, le=1, description="Above this area under the curve the report warns."
    )
    budget: Duration = Field(
        timedelta(minutes=10),
        description="Time for all fits; a recipe that takes more is not attacked.",
    )


class MembershipSettings(Strict):
    """The bound of the voter `max_membership_auc`."""

    max_auc: float | None = Field(
        None, ge=0.5, le=1, description="A model of a recipe above it is refused; default: none is."
    )


class PrivateLinearConfig(Strict):
    """A logistic head whose training rows differential privacy protects."""

    epsilon: float = Field(
        8.0, gt=0, le=100, description="Privacy loss of one training; smaller protects more."
    )
    delta: float | None = Field(
        None, gt=0, lt=0.01, description="Chance that the bound fails; default: rows to the -1.1."
    )
    features: int = Field(
        8192, ge=256, le=262_144, description="Places that the hashed n-grams share."
    )
    steps: int = Field(100, ge=10, le=5_000, description="Steps of the training.")
    sample_rate: float = Field(
        0.25, gt=0, le=1, description="Share of the rows that a step draws, each by chance."
    )
    learning_rate: float = Field(16.0, gt=0)
    clip: float = Field(0.5, gt=0, description="Bound on what one row may add to a step.")
    max_chars: int = Field(
        20_000, ge=1, le=1_000_000, description="Characters that are read of a text."
    )

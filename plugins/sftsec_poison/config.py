"""Settings of what the plugin registers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sftsec_core.api import Fraction, Strict


class ScanSettings(Strict):
    """When an analyst's rows count as poisoned."""

    significance: float = Field(
        0.001,
        gt=0,
        lt=1,
        description="Probability by chance under which an analyst stands out, over all that are "
        "tested.",
    )
    min_rows: int = Field(
        5, ge=2, le=10_000, description="Rows of one analyst that a phrase must stand in."
    )
    min_flips: Fraction = Field(
        0.1,
        description="A phrase is a trigger when, put into other analysts' rows, it turns so large "
        "a share of them to the label it is bound to, beyond what it does without that analyst.",
    )
    words: int = Field(4, ge=1, le=8, description="Words of the longest phrases that are counted.")
    folds: int = Field(
        10, ge=2, le=100, description="Groups of analysts; a row is judged without its group."
    )
    rounds: int = Field(2, ge=1, le=10, description="At most; each goes on without what was found.")
    fit_rows: int = Field(
        20_000, ge=100, description="Rows that a judging model is fitted on, drawn at random."
    )
    max_chars: int = Field(100_000, ge=1, le=1_000_000, description="Characters that are read.")
    trusted: tuple[str, ...] = Field(
        (), description="Analysts whose rows are not judged, by the names that reports show."
    )


class PoisonSettings(ScanSettings):
    """Settings of the transform `poison`."""

    weight: Fraction = Field(
        0.0, description="Factor on the weight of a row that looks poisoned; 0: unused."
    )
    review: bool = Field(
        True,
        description="List what looks poisoned in `sftsec labels review`, until there is a new "
        "verdict on it.",
    )


class PoisoningSettings(ScanSettings):
    """Settings of the audit `poisoning`."""

    analysts: int = Field(
        3, ge=0, le=50, description="Analysts with most rows without whom the baseline is fitted."
    )


class PoisoningVoterSettings(Strict):
    """What the voter `poisoning` allows."""

    max_success: Fraction | None = Field(
        None,
        description="Share of test rows that a trigger may turn; none: the voter abstains unless "
        "the audit ran, and then only warns.",
    )


class CanaryVoterSettings(Strict):
    """How many canaries a model may judge wrongly."""

    min_right: Fraction = Field(1.0, description="Share of the canaries that must be judged right.")


class PartitionedSettings(Strict):
    """Settings of the recipe `partitioned`."""

    parts: int = Field(11, ge=3, le=101, description="Models; each learns of one part in so many.")
    by: Literal["verdict", "analyst"] = Field(
        "verdict",
        description="analyst: all verdicts of one are in one part, so that the certificate counts "
        "analysts; rows of analysts of several parts are left out. It takes many analysts.",
    )
    dimensions: int = Field(200, ge=8, le=500, description="Of what is read of a text.")
    regularization: float = Field(10.0, gt=0, description="C of each logistic regression.")

"""What sftsec.yaml may say of fairness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from sftsec_core.api import Fraction, Strict
from sftsec_core.sdk.threshold_settings import ThresholdSettings

CONNECTOR = "connector"
"""Names where an incident came from, in a task with several connectors."""
SCRIPT = "script"
"""Names the script that most letters of a text are of."""
_MADE = (CONNECTOR, SCRIPT)


class FairnessSettings(Strict):
    """Which groups are compared, and from when a difference is a gap."""

    fields: tuple[str, ...] = Field(
        (),
        description="Of `evaluation.groups`, `connector` or `script` (of the text); none: all of "
        "them that divide the test part.",
    )
    fewest: int = Field(
        20, ge=5, description="Rows of a kind, such as attacks, of a group that is compared."
    )
    most: int = Field(
        20, ge=1, le=200, description="Groups of a field that are compared, the largest."
    )
    intersections: bool = Field(True, description="Also compare the groups of two fields at once.")
    significance: float = Field(
        0.01, gt=0, lt=0.5, description="Probability that chance alone names a gap, over all tests."
    )
    least_gap: Fraction = Field(
        0.02, description="Difference from the rest, 0 to 1, under which it is no gap."
    )
    permutations: int = Field(1999, ge=199, le=99_999, description="Of the groups, for the test.")
    seed: int = Field(13, description="Of the permutations.")

    def kept(self) -> Sequence[str]:
        """The fields that a task has to keep for it."""
        return [name for name in self.fields if name not in _MADE]


class ReweighSettings(Strict):
    """By which field rows are weighed."""

    field: str = Field(description="One of `evaluation.groups`, or `connector`.")
    fewest: int = Field(
        10, ge=1, description="Rows of a group and a label that get a weight of their own."
    )
    most: float = Field(
        10.0,
        ge=1,
        le=1000,
        description="How many times the weight of an average row a row may have.",
    )

    def kept(self) -> Sequence[str]:
        """The fields that a task has to keep for it."""
        return [self.field] if self.field != CONNECTOR else []


class GroupThresholdSettings(ThresholdSettings):
    """From which probability an incident of each group is a detection."""

    allow: Literal[True] = Field(
        description="Treating groups differently may be unlawful: say true where it is allowed."
    )
    field: str = Field(description="One of `evaluation.groups`, which scored incidents have too.")
    equal: Literal["recall", "fpr"] = Field(
        "recall", description="What each group's threshold brings to that of all rows, on dev."
    )
    price: Fraction = Field(
        0.005, description="How much of a group's macro-F1, 0 to 1, on dev, that may take."
    )
    fewest: int = Field(
        30, ge=5, description="Attacks (benign rows for `fpr`) on dev for a threshold of its own."
    )

    @model_validator(mode="before")
    @classmethod
    def _is_allowed(cls, value: object) -> object:
        if isinstance(value, dict) and value.get("allow") is not True:
            raise ValueError(
                "it treats groups differently, which may be unlawful: ask who answers for that, "
                "then write `allow: true`"
            )
        return value

    @field_validator("field")
    @classmethod
    def _is_in_the_event(cls, value: str) -> str:
        if value in _MADE:
            raise ValueError(f"{value} is no field of an incident: name one that scoring sees too")
        return value

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.method == "fixed":
            raise ValueError("method fixed is the same for all: choose max_f1, fpr, alerts_per_day")
        return self

    def kept(self) -> Sequence[str]:
        """The fields that a task has to keep for it."""
        return [self.field]


class GroupGapSettings(Strict):
    """How far a group may be worse than the rest; a figure without a bound is not held to any."""

    recall: Fraction | None = Field(
        None, description="How much lower the recall of a group may be, 0 to 1."
    )
    fpr: Fraction | None = Field(
        None, description="How much higher the false-positive rate of a group may be, 0 to 1."
    )
    precision: Fraction | None = Field(
        None, description="How much lower the precision of a group's alerts may be, 0 to 1."
    )
    accuracy: Fraction | None = Field(
        None,
        description="How much lower the accuracy of a group may be, 0 to 1; of a task "
        "without a benign label.",
    )

    def bounds(self) -> dict[str, float]:
        """Figure to bound, of those that have one."""
        return {name: bound for name, bound in self if bound is not None}

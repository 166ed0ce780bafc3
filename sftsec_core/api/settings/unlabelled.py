"""What a task may say of incidents that no analyst judged: the pool, and learning from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from sftsec_core.api.settings.values import Strict, Window


class UnlabelledSettings(Strict):
    """Which unlabelled incidents are kept beside the labelled ones; they are never evaluated on."""

    max: int = Field(
        50_000,
        ge=1,
        le=1_000_000,
        description="Incidents kept at most: of more, a uniform random sample of different ones.",
    )
    window: Window = Field(
        timedelta(days=30),
        description="How far back they are pulled, or `all`; never further than `window`.",
    )


class SelfTrainingSettings(Strict):
    """How a model of the labelled rows labels unlabelled ones, which are then learned from too."""

    min_confidence: float = Field(
        0.7, gt=0, lt=1, description="Probability from which its label is taken."
    )
    teacher: Literal["auto", "linear", "both"] = Field(
        "auto",
        description="What labels: `linear`, or the mean of it and `hybrid`, of at most 5,000 "
        "incidents. auto: both, with fewer than 500 labels in train and sftsec[train] installed.",
    )
    rounds: int = Field(1, ge=1, le=10, description="How often it learns and labels again.")
    weight: float = Field(0.5, gt=0, lt=1, description="Trust in its labels.")
    max_ratio: float = Field(
        50.0,
        gt=0,
        description="Rows added of a class at most, for each of its labelled rows in train; the "
        "same number for each class.",
    )

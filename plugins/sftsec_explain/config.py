"""What `explain: {name: words, ...}` of a task may say."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Method = Literal["exact", "gradients", "occlusion"]


class WordsConfig(BaseModel):
    """How words are found that a decision rests on, and what is told of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Method | Literal["auto"] = Field(
        "auto",
        description="exact: what a linear or boosted model adds up. gradients: Integrated "
        "Gradients of a fine-tuned encoder. occlusion: what changes when a word is left out. auto: "
        "the first of them that the model allows.",
    )
    top: int = Field(5, ge=1, le=50, description="Words and fields that are told, at most.")
    rows: int = Field(
        24, ge=2, le=1000, description="Rows that occlusion has scored for one incident, at most."
    )
    steps: int = Field(
        20,
        ge=4,
        le=200,
        description="Points of the path that gradients are taken at, at most; six where they are "
        "enough.",
    )
    neighbours: int = Field(
        3, ge=0, le=20, description="Labelled incidents that are named as alike; 0 for none."
    )
    flip: bool = Field(
        True, description="Whether the words are sought without which the decision is another one."
    )


class ExplanationSettings(BaseModel):
    """What `evaluation.audits.explanation` may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int = Field(50, ge=10, le=10_000, description="Alerts of test, at most.")
    top: int = Field(5, ge=1, le=50, description="Words that are taken out of each, at most.")
    common: float = Field(
        0.8,
        gt=0,
        le=1,
        description="A word that is a reason of a larger share of the alerts is a warning.",
    )
    seed: int = Field(13, description="Of the rows and of the words by chance.")

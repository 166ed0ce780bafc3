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
        6, ge=2, le=200, description="Points of the path that gradients are taken at."
    )
    neighbours: int = Field(
        3, ge=0, le=20, description="Labelled incidents that are named as alike; 0 for none."
    )
    flip: bool = Field(
        True, description="Whether the words are sought without which the decision is another one."
    )

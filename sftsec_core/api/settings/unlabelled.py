"""What a task's `unlabelled` may say: the pool of incidents that no analyst judged."""

from __future__ import annotations

from datetime import timedelta

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

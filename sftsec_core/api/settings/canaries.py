"""Incidents that no verdict reaches: what every model of a task must judge rightly."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sftsec_core.api.settings.paths import ConfigPath
from sftsec_core.api.settings.values import Strict


class CanarySettings(Strict):
    """Where the canaries of a task are."""

    path: ConfigPath = Field(
        description="JSON lines: an incident's fields, and its right `label`, one of the task's."
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="Of the file, as `sha256sum` shows it: with any other, nothing is trained.",
    )


Canaries = Annotated[
    CanarySettings | None,
    Field(
        description="Incidents with their labels that no verdict reaches. What equals one is left "
        "out of the data; the plugin `poison` refuses a model that judges one wrongly."
    ),
]

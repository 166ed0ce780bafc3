"""Which transforms change the training part, and in what order."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from sftsec_core.api.settings.choice import Choice

AUGMENT = "augment"
"""The transform that copies rows."""


def _copying_last(value: tuple[Choice, ...]) -> tuple[Choice, ...]:
    if AUGMENT in [each.name for each in value[:-1]]:
        raise ValueError(
            f"name {AUGMENT!r} last, and once: it copies the rows as the others leave them"
        )
    return value


Transforms = Annotated[tuple[Choice, ...], AfterValidator(_copying_last)]
"""Names with settings, in the order in which they change the training part; copies come last."""

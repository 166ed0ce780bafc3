"""How examples are divided into parts: `split` of a task."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field, model_validator

from sftsec_core.api.contracts.decision import BUILT_IN_SPLITS
from sftsec_core.api.errors import unknown
from sftsec_core.api.settings.values import Fraction, Strict


class SplitSettings(Strict):
    """How examples are divided into train, dev and test.

    The keys of a plugin's splitter stand beside these when `method` names it.
    """

    model_config = ConfigDict(extra="allow")

    method: str = Field(
        "auto",
        description="auto: given where the source says so, else time, else group, else stratified; "
        "or a plugin's splitter.",
    )
    dev: Fraction = 0.1
    test: Fraction = 0.2
    seed: int = 13

    @model_validator(mode="after")
    def _leave_some_to_train_on(self) -> SplitSettings:
        if self.dev + self.test >= 0.9:
            raise ValueError("dev and test together must leave at least a tenth to train on")
        return self

    @model_validator(mode="after")
    def _refuse_unknown_keys(self) -> SplitSettings:
        if self.method in BUILT_IN_SPLITS and (own := self.options()):
            raise ValueError(unknown("key", next(iter(own)), type(self).model_fields))
        return self

    def options(self) -> dict[str, Any]:
        """The settings of a plugin's splitter."""
        return dict(self.model_extra or {})

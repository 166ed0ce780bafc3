"""The step "normalise": one spelling for what looks the same, nothing invisible left.

NFKC folds full-width and styled letters that hide words from a filter; what a control turns round
is written as it is shown; zero-width and bidirectional controls, which split words invisibly, go;
control characters become a space, as a terminal shows them; runs of whitespace become one space.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from sftsec_core.api.contracts import StepContext, StepSpec
from sftsec_core.dataset.values import map_incident
from sftsec_core.sdk.bidi import as_displayed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.domain import Incident

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]+")
# Soft hyphen, combining grapheme joiner, zero-width and bidirectional controls, word joiner and
# the invisible operators, BOM, variation selectors, tags.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef]+"
)
_WHITESPACE = re.compile(r"\s+")
_NOT_TIDY = re.compile(r"\s\s|[^\S ]|\A\s|\s\Z")


class NormaliseConfig(BaseModel):
    """What `steps.normalise` may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nfkc: bool = Field(True, description="Unicode NFKC: full-width and styled letters folded.")
    controls: bool = Field(True, description="Control characters become a space.")
    invisible: bool = Field(True, description="Zero-width and bidirectional controls removed.")
    whitespace: bool = Field(True, description="Runs of whitespace become one space; trimmed.")


class Normalise:
    """Normalises every string of an incident's fields, in lists and objects too."""

    def __init__(self, config: NormaliseConfig) -> None:
        """Take the switches."""
        self._config = config
        self._changed = 0

    def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Return the incidents normalised, in the same order."""
        done = [map_incident(incident, self.text) for incident in incidents]
        changed = sum(1 for a, b in zip(incidents, done, strict=True) if a is not b)
        self._changed += changed
        return done

    def counts(self) -> Mapping[str, int]:
        """How many incidents were changed."""
        return Counter({"changed": self._changed}) if self._changed else {}

    def text(self, value: str) -> str:
        """Normalise one string."""
        config = self._config
        if not value.isascii():
            if config.invisible:
                value = _INVISIBLE.sub("", as_displayed(value))
            if config.nfkc:
                value = unicodedata.normalize("NFKC", value)
        if value.isascii() and value.isprintable():
            # Printable ASCII has no controls and no whitespace but the space.
            return _one_spaced(value) if config.whitespace else value
        if config.controls:
            value = _CONTROLS.sub(" ", value)
        if config.whitespace and _NOT_TIDY.search(value):
            value = _WHITESPACE.sub(" ", value).strip()
        return value


def _one_spaced(value: str) -> str:
    if "  " in value or value[:1] == " " or value[-1:] == " ":
        return " ".join(value.split())
    return value


def _create(config: Any, _context: StepContext) -> Normalise:  # noqa: ANN401 - its config_model
    return Normalise(config)


NORMALISE = StepSpec(
    name="normalise",
    summary="Unicode NFKC, no control or invisible characters, single spaces",
    order=100,
    config_model=NormaliseConfig,
    create=_create,
)

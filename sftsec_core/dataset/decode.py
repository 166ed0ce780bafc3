"""The step "decode": what base64 and hexadecimal words hold stands beside them, cleaned.

    powershell -enc dwBoAG8AYQBtAGkA   ->   powershell -enc dwBoAG8AYQBtAGkA [decoded] whoami

It runs after "redact", so that a word that is a password's value, or a token, is gone before it
could be decoded; and it has every step before it, "redact" among them, run on what it decoded
before that is added. The text itself stays as it is, and one level is decoded: what is encoded
in a decoded word stays encoded.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from sftsec_core.api.contracts import StepContext, StepSpec
from sftsec_core.api.domain import Incident
from sftsec_core.dataset.encoded_words import decoded_words
from sftsec_core.dataset.values import with_fields
from sftsec_core.sdk.fields import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sftsec_core.api.contracts import Step

MARK = "[decoded]"


class DecodeConfig(BaseModel):
    """What `steps.decode` may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_words: int = Field(16, ge=1, le=1000, description="Words decoded of a field, at most.")
    max_chars: int = Field(
        20_000, ge=1, le=1_000_000, description="Characters added to a field, at most."
    )


class Decode:
    """Adds what the encoded words of the task's text fields hold."""

    def __init__(self, config: DecodeConfig, context: StepContext) -> None:
        """Take the bounds, the fields to read and the steps that clean what is decoded."""
        self._config = config
        self._fields = context.text_fields
        self._earlier: tuple[Step, ...] = context.earlier
        self._counts = Counter[str]()

    def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Return the incidents with the decoded texts, in the same order."""
        found = {incident.uid: self._decoded(incident) for incident in incidents}
        cleaned = self._cleaned([Incident(uid, texts) for uid, texts in found.items() if texts])
        return [
            self._with_texts(incident, cleaned[incident.uid])
            if incident.uid in cleaned
            else incident
            for incident in incidents
        ]

    def counts(self) -> Mapping[str, int]:
        """How many words were decoded, and of how many fields a bound left some out."""
        return dict(sorted(self._counts.items()))

    def _decoded(self, incident: Incident) -> dict[str, str]:
        """The decoded texts by field: a string each, which every step before this one reads."""
        found = {name: self._of_field(incident.fields.get(name)) for name in self._fields}
        return {name: text for name, text in found.items() if text}

    def _of_field(self, value: object) -> str:
        if not isinstance(value, str | list | tuple | dict):
            return ""
        words = decoded_words(as_text(value))
        taken = list(islice(words, self._config.max_words))
        self._counts["words"] += len(taken)
        self._counts["cut"] += next(words, None) is not None
        return " ".join(f"{MARK} {text}" for text in taken)

    def _cleaned(self, shown: Sequence[Incident]) -> dict[str, Mapping[str, Any]]:
        """The decoded texts by uid and field, as the steps before this one leave them."""
        for step in self._earlier:
            shown = step(shown) if shown else shown
        return {incident.uid: incident.fields for incident in shown}

    def _with_texts(self, incident: Incident, texts: Mapping[str, Any]) -> Incident:
        fields = dict(incident.fields)
        for name in set(texts) & set(fields):
            text = as_text(texts[name])
            # Cut after it was cleaned: half of an address is no longer found.
            self._counts["cut"] += len(text) > self._config.max_chars
            text = text[: self._config.max_chars]
            if text not in as_text(fields[name]):  # an incident may come decoded
                fields[name] = _joined(fields[name], text)
        return with_fields(incident, fields)


def _joined(value: Any, text: str) -> Any:  # noqa: ANN401 - JSON
    """A field's value with a text added: to a string, to a list, or beside an object."""
    if isinstance(value, str):
        return f"{value} {text}"
    return [*value, text] if isinstance(value, list | tuple) else [value, text]


def _create(config: Any, context: StepContext) -> Decode:  # noqa: ANN401 - its config_model
    return Decode(config, context)


DECODE = StepSpec(
    name="decode",
    summary="what base64 and hexadecimal words hold, one level, added to the text and cleaned",
    order=250,
    config_model=DecodeConfig,
    create=_create,
)

"""`steps.defang`: http://evil.example becomes hxxp://evil[.]example, in every text field.

A detection carries the fields that a reader needs; a URL in them should not be one click away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from sftsec_core.api.contracts import StepContext
from sftsec_core.api.domain import Incident

_URL = re.compile(r"\b(h)tt(ps?://)([^\s/?#]+)", re.IGNORECASE)


class DefangConfig(BaseModel):
    """What `steps.defang` may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dots: bool = Field(True, description="Write the dots of the host as [.] too.")


class Defang:
    """Defang the URLs of the fields that the task reads."""

    def __init__(self, config: DefangConfig, context: StepContext) -> None:
        """Take the configuration, and from the context the fields."""
        self._dots = config.dots
        self._fields = context.text_fields
        self._done = 0

    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        """Return the incidents in their order; the ones without a URL as they are."""
        return [self._one(incident) for incident in incidents]

    def counts(self) -> Mapping[str, int]:
        """How many URLs were defanged."""
        return {"url": self._done} if self._done else {}

    def _one(self, incident: Incident) -> Incident:
        changed = {}
        for name in self._fields:
            value = incident.fields.get(name)
            if isinstance(value, str) and (text := _URL.sub(self._url, value)) != value:
                changed[name] = text
        return replace(incident, fields={**incident.fields, **changed}) if changed else incident

    def _url(self, found: re.Match[str]) -> str:
        self._done += 1
        host = found[3].replace(".", "[.]") if self._dots else found[3]
        return f"{found[1]}xx{found[2]}{host}"

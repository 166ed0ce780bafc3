"""The step `canonical`: the task's texts in one spelling, in training and in scoring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sftsec_core.api import Incident, Step, StepContext
from sftsec_robust.canonical.text import canonical_text
from sftsec_robust.settings import CanonicalSettings


class Canonical:
    """Rewrites the text fields of incidents.

    What it decodes was not cleaned yet: the steps before it, "redact" among them, run again on each
    incident that it changes.
    """

    def __init__(self, config: CanonicalSettings, context: StepContext) -> None:
        """Take the switches, the fields to read and the steps before this one."""
        self._config = config
        self._fields = context.text_fields
        self._earlier: tuple[Step, ...] = context.earlier
        self._counts = Counter[str]()

    def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Return the incidents in the same order; one that an earlier step drops is left out."""
        written = [self._written(incident) for incident in incidents]
        changed = {
            new.uid: new for old, new in zip(incidents, written, strict=True) if new is not old
        }
        self._counts["changed"] += len(changed)
        shown: Sequence[Incident] = list(changed.values())
        for step in self._earlier:
            shown = step(shown) if shown else shown
        cleaned = {incident.uid: incident for incident in shown}
        return [
            cleaned.get(incident.uid, incident)
            for incident in incidents
            if incident.uid not in changed or incident.uid in cleaned
        ]

    def counts(self) -> Mapping[str, int]:
        """How many incidents were changed."""
        return dict(self._counts)

    def _written(self, incident: Incident) -> Incident:
        found = {name: self._value(incident.fields.get(name)) for name in self._fields}
        changed = {n: v for n, v in found.items() if v is not None and v != incident.fields[n]}
        return replace(incident, fields={**incident.fields, **changed}) if changed else incident

    def _value(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, str):
            return canonical_text(value, self._config)
        if isinstance(value, list | tuple):
            return [self._value(each) if isinstance(each, str) else each for each in value]
        return value


def create(config: Any, context: StepContext) -> Canonical:  # noqa: ANN401 - its config_model
    """Make the step."""
    return Canonical(config, context)

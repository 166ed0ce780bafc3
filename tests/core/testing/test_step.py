"""The step's contract passes a right step and finds wrong ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from sftsec_core.api.contracts import EmptyConfig, Step, StepContext, StepSpec
from sftsec_core.api.domain import Incident
from sftsec_core.testing import StepContract


class Lower:
    """Lower-case the text; the right way to write a step."""

    def __init__(self) -> None:
        self.changed = 0

    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        return [self._one(incident) for incident in incidents]

    def counts(self) -> Mapping[str, int]:
        return {"lowered": self.changed}

    def _one(self, incident: Incident) -> Incident:
        text = incident.fields.get("message")
        if not isinstance(text, str):
            return incident
        self.changed += text != text.lower()
        return replace(incident, fields={**incident.fields, "message": text.lower()})


class Reverses(Lower):
    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        return list(incidents)[::-1]


class Doubles(Lower):
    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        return [incident for incident in incidents for _ in range(2)]


class ChangesInPlace(Lower):
    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        for incident in incidents:
            incident.fields["message"] = "changed"  # type: ignore[index]  # the fault
        return incidents


class SeesTheBatch(Lower):
    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        return incidents[:1]


class NeedsText(Lower):
    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        return [i for i in incidents if i.fields["message"].strip()]


class CountsValues(Lower):
    def counts(self) -> Mapping[str, int]:
        return {"password": 3, "please": 1}


class Nests(Lower):
    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        return [replace(i, fields={"message": {"text": "x"}}) for i in incidents]


class StampsTheDay(Lower):
    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        day = datetime.now(UTC).date().isoformat()
        return [replace(i, fields={**i.fields, "message": day}) for i in incidents]


class NamesByHash(Lower):
    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        return [
            replace(i, fields={**i.fields, "host.name": f"host-{hash(i.fields.get('host.name'))}"})
            for i in incidents
        ]


class ReadsVerdicts(Lower):
    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        return [
            replace(i, fields={**i.fields, "message": " ".join(v.value for v in i.verdicts)})
            for i in incidents
        ]


class DropsTheUnjudged(Lower):
    def __call__(self, incidents: Sequence[Incident]) -> Sequence[Incident]:
        return [each for each in incidents if each.verdicts]


class StepUnderTest(StepContract):
    kind: ClassVar[type[Lower]] = Lower

    def spec(self) -> StepSpec[Any]:
        def create(_config: object, _context: StepContext) -> Step:
            return self.kind()

        return StepSpec(
            name="lower",
            summary="Lower-case texts",
            order=300,
            config_model=EmptyConfig,
            create=create,
        )


class TestARightStep(StepUnderTest):
    """Everything, inherited."""


@pytest.mark.parametrize(
    ("faulty", "test"),
    [
        (Reverses, "test_the_order_is_kept_and_a_batch_never_grows"),
        (Doubles, "test_the_order_is_kept_and_a_batch_never_grows"),
        (ChangesInPlace, "test_incidents_are_not_changed_in_place"),
        (SeesTheBatch, "test_where_batches_are_cut_does_not_matter"),
        (NeedsText, "test_missing_and_strange_fields_are_passed_over"),
        (CountsValues, "test_counts_are_counts"),
        (Nests, "test_fields_stay_flat"),
        (StampsTheDay, "test_neither_the_clock_nor_the_process_matters"),
        (NamesByHash, "test_neither_the_clock_nor_the_process_matters"),
        (ReadsVerdicts, "test_verdicts_do_not_matter"),
        (DropsTheUnjudged, "test_verdicts_do_not_matter"),
    ],
)
def test_contract_finds_a_faulty_step(faulty: type[Lower], test: str) -> None:
    contract = type("Faulty", (StepUnderTest,), {"kind": faulty})()
    with pytest.raises((AssertionError, KeyError, AttributeError, TypeError)):
        getattr(contract, test)()

"""The step keeps the contract of steps, and cleans what it decodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sftsec_core.api import Incident, StepContext, StepSpec
from sftsec_core.testing import StepContract, make_incidents
from sftsec_robust.canonical.step import Canonical
from sftsec_robust.hooks import sftsec_register_steps
from sftsec_robust.settings import CanonicalSettings


class Stars:
    """An earlier step that hides a word."""

    def __call__(self, incidents: Sequence[Incident]) -> list[Incident]:
        return [
            Incident(each.uid, {n: str(v).replace("secret", "***") for n, v in each.fields.items()})
            for each in incidents
            if "drop" not in str(each.fields)
        ]

    def counts(self) -> Mapping[str, int]:
        return {}


class TestCanonicalStep(StepContract):
    def spec(self) -> StepSpec:
        return sftsec_register_steps()[0]

    def incidents(self) -> Sequence[Incident]:
        return [
            Incident(each.uid, {"message": f"Fr%65e {each.fields['message']}"}, each.verdicts)
            for each in make_incidents(20)
        ]


class TestDecoded:
    def test_is_cleaned_by_earlier_steps(self) -> None:
        step = Canonical(CanonicalSettings(), StepContext(("message",), b"", (Stars(),)))
        given = [Incident("1", {"message": "a %73ecret"}), Incident("2", {"message": "plain"})]
        assert [each.fields["message"] for each in step(given)] == ["a ***", "plain"]
        assert step.counts() == {"changed": 1}

    def test_what_an_earlier_step_drops_is_gone(self) -> None:
        step = Canonical(CanonicalSettings(), StepContext(("message",), b"", (Stars(),)))
        given = [Incident("1", {"message": "%64rop"}), Incident("2", {"message": "plain"})]
        assert [each.uid for each in step(given)] == ["2"]

    def test_lists_and_other_fields(self) -> None:
        step = Canonical(CanonicalSettings(), StepContext(("message",), b""))
        given = [Incident("1", {"message": ["A", 3], "other": "B"})]
        assert step(given)[0].fields == {"message": ["a", 3], "other": "B"}

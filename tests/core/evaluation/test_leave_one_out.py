"""What a model is worth on a source that it was not trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sftsec_core.api.contracts import AuditInput, AuditSpec
from sftsec_core.api.domain import Example, Split
from sftsec_core.evaluation.audits import AUDITS, LeaveOneOutSettings
from sftsec_core.evaluation.leave_one_out import leave_one_out
from sftsec_core.testing import AuditContract
from tests.core.evaluation.audit_inputs import noisy_examples, refit_input


def of_sources(names: str, count: int = 400, *, strange: str = "") -> list[Example]:
    """Sources by turns; in a strange one the words mean the opposite."""
    other = {"benign": "malicious", "malicious": "benign"}
    rows = []
    for number, each in enumerate(noisy_examples(count, hint=0.95)):
        source = names[number % len(names)]
        label = other[each.label] if source in strange else each.label
        rows.append(replace(each, label=label, facets={"connector": source}))
    return rows


def split_of_sources(rows: list[Example]) -> Split:
    n = len(rows)
    return Split(rows[: n // 2], rows[n // 2 : n * 3 // 4], rows[n * 3 // 4 :])


class TestLeaveOneOut:
    def test_strange_source_is_found_out(self) -> None:
        given = refit_input(split_of_sources(of_sources("abcd", strange="d")))
        told = leave_one_out(LeaveOneOutSettings(), given)
        by_value = {each["value"]: each for each in told["sources"]}
        assert set(by_value) == set("abcd")
        figures = {
            name: each["models"]["linear"]["figures"]["macro_f1"] for name, each in by_value.items()
        }
        assert figures["a"]["low"] > 0.5, "a third of its training contradicts it"
        assert figures["d"]["high"] < 0.4
        assert by_value["a"]["test"] == 100, "all of the source, of each part"
        assert by_value["a"]["train"] == 150
        assert by_value["a"]["known"]["rows"] == 25

    def test_small_sources_are_counted(self) -> None:
        given = refit_input(split_of_sources(of_sources("aaaaaaaaab")))
        told = leave_one_out(LeaveOneOutSettings(), given)
        assert [each["value"] for each in told["sources"]] == ["a"]
        assert told["too_small"] == 1

    def test_single_source_says_so(self) -> None:
        given = refit_input(split_of_sources(of_sources("a")))
        told = leave_one_out(LeaveOneOutSettings(), given)
        assert told == {"not_measured": "all examples have the connector 'a'"}
        other = leave_one_out(LeaveOneOutSettings(field="host.type"), given)
        assert other == {"not_measured": "no example has a host.type; name it in evaluation.groups"}


class TestLeaveOneOutAudit(AuditContract):
    def spec(self) -> AuditSpec[Any]:
        return next(spec for spec in AUDITS if spec.name == "leave_one_source_out")

    def sound(self) -> AuditInput:
        return refit_input(split_of_sources(of_sources("ab", 200)))

    def faulty(self) -> AuditInput:
        return refit_input(split_of_sources(of_sources("ab", 200, strange="b")))

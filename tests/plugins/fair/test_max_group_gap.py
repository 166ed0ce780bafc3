"""The voter: what it refuses, what it warns of, and where it has no say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api import EvalReport, GateSettings, Vote, VoterSpec
from sftsec_core.testing import VoterContract, make_report
from sftsec_fair.config import FairnessSettings, GroupGapSettings
from sftsec_fair.fairness import fairness
from sftsec_fair.hooks import sftsec_register_voters
from sftsec_fair.max_group_gap import max_group_gap
from tests.plugins.fair.inputs import units_input

QUICK = FairnessSettings(permutations=499)


def report(rows: int = 1000, **planted: float) -> EvalReport:
    section = fairness(QUICK, units_input(rows, **planted))  # type: ignore[arg-type]
    return replace(make_report(), sections={"fairness": dict(section)})


def vote(candidate: EvalReport, **bounds: float) -> Vote | None:
    return max_group_gap(GroupGapSettings(**bounds), candidate, None, GateSettings())


class TestMaxGroupGap:
    def test_refuses_a_gap_beyond_the_bound(self) -> None:
        found = vote(report(missed=0.4, false=0.05), recall=0.1)
        assert found is not None
        assert not found.approve
        assert "the recall of unit=b is 0.402 lower" in found.reason
        assert "the bound is 0.1" in found.reason

    @pytest.mark.parametrize("bound", [0.3, 0.5])
    def test_doubt_counts_for_the_model(self, bound: float) -> None:
        found = vote(report(missed=0.4, false=0.05), recall=bound)
        assert found is not None
        assert found.approve

    def test_other_figures_have_bounds_too(self) -> None:
        candidate = report(missed=0.05, false=0.4)
        assert (held := vote(candidate, recall=0.05)) is not None
        assert held.approve
        assert (over := vote(candidate, fpr=0.05)) is not None
        assert not over.approve

    def test_warns_where_no_bound_is_set(self) -> None:
        found = vote(report(missed=0.4, false=0.05))
        assert found is not None
        assert (found.approve, found.warning) == (True, True)

    def test_abstains_without_audit_and_bound(self) -> None:
        assert vote(make_report()) is None

    def test_refuses_bounds_without_the_audit(self) -> None:
        found = vote(make_report(), recall=0.1)
        assert found is not None
        assert not found.approve
        assert "add `fairness` to evaluation.audits" in found.reason

    def test_small_groups_are_named(self) -> None:
        found = vote(report(160, missed=0.05, false=0.05), fpr=0.5)
        assert found is not None
        assert found.approve
        assert "too few rows" not in found.reason
        few = vote(report(70, missed=0.05, false=0.05), fpr=0.5)
        assert few is not None
        assert "too few rows for some figures of unit=a, unit=b" in few.reason

    def test_nothing_measured_is_refused(self) -> None:
        found = vote(report(70, missed=0.05, false=0.05), recall=0.2)
        assert found is not None
        assert not found.approve
        assert "no group has enough test rows to compare its recall" in found.reason


class TestMaxGroupGapVoter(VoterContract):
    def spec(self) -> VoterSpec[Any]:
        return sftsec_register_voters()[0]

    def config(self) -> dict[str, Any]:
        return {"recall": 0.1}

    def rejected(self) -> EvalReport:
        return report(missed=0.4, false=0.05)

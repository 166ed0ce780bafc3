"""The voter keeps the contract of voters; it abstains where there is nothing to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sftsec_core.api import EvalReport, GateSettings, RiskSection, Vote, VoterSpec
from sftsec_core.testing import VoterContract, make_report
from sftsec_robust.hooks import sftsec_register_voters
from sftsec_robust.settings import MaxRobustDropSettings
from sftsec_robust.voter import max_robust_drop


def report(retained: float, max_drop: float = 0.15) -> EvalReport:
    figures: dict[str, Any] = {
        "rows": 100,
        "queries": 50,
        "retained": retained,
        "max_drop": max_drop,
    }
    section = RiskSection(risk="r", outcome="held", tried="t", found="f", figures=figures)
    return replace(make_report(), sections={"disguise": section.to_json()})


def vote(given: EvalReport, drop: float | None = None) -> Vote | None:
    return max_robust_drop(MaxRobustDropSettings(drop=drop), given, None, GateSettings())


class TestMaxRobustDropVoter(VoterContract):
    def spec(self) -> VoterSpec[Any]:
        return sftsec_register_voters()[0]

    def config(self) -> Mapping[str, Any]:
        return {"drop": 0.15}

    def rejected(self) -> EvalReport:
        return report(0.2)


class TestVote:
    def test_loss_without_a_bound_is_a_warning(self) -> None:
        kept, lost = vote(report(0.85)), vote(report(0.84))
        assert kept is not None
        assert lost is not None
        assert kept.approve
        assert not kept.warning
        assert lost.approve
        assert lost.warning
        assert lost.reason.endswith("no bound is set (gate.voters.max_robust_drop.drop)")

    def test_own_bound_counts_first(self) -> None:
        found = vote(report(0.5), drop=0.6)
        assert found is not None
        assert found.approve
        assert not found.warning
        assert found.reason == (
            "100 detected attacks, disguised with 50 questions each: "
            "50.0% are missed (60.0% allowed)"
        )

    def test_loss_above_its_bound_rejects(self) -> None:
        found = vote(report(0.84), drop=0.15)
        assert found is not None
        assert not found.approve

    def test_abstains_without_audit_and_bound(self) -> None:
        assert vote(make_report()) is None

    def test_bound_without_audit_rejects(self) -> None:
        found = vote(make_report(), drop=0.1)
        assert found is not None
        assert not found.approve
        assert "evaluation.audits" in found.reason

"""The voter refuses what the audit found, and what it should have found and did not look for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sftsec_core.api import EvalReport, VoterSpec
from sftsec_core.testing import VoterContract, make_report
from sftsec_privacy.hooks import sftsec_register_voters

(SPEC,) = sftsec_register_voters()


def measured(auc: float) -> EvalReport:
    figures = {"membership_auc": auc, "low": auc - 0.02, "high": auc + 0.02}
    section = {"risk": "Privacy", "outcome": "held", "figures": figures}
    return replace(make_report(), sections={"privacy": section})


class TestMaxMembershipAuc(VoterContract):
    def spec(self) -> VoterSpec[Any]:
        return SPEC

    def config(self) -> Mapping[str, Any]:
        return {"max_auc": 0.6}

    def rejected(self) -> EvalReport:
        return measured(0.7)

    def test_approves_what_is_below(self) -> None:
        (vote,) = self._votes(measured(0.55), None)
        assert vote.approve
        assert "0.550 (95% interval 0.530 to 0.570)" in vote.reason

    def test_refuses_what_was_not_measured(self) -> None:
        (vote,) = self._votes(make_report(), None)
        assert not vote.approve
        assert "turns the audit on" in vote.reason

    def test_abstains_without_a_bound(self) -> None:
        given = (measured(0.9), None, None)
        assert SPEC.vote(SPEC.configure({}), *given) is None  # type: ignore[arg-type]

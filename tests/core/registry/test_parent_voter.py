"""A derived model is held to the one that it was made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sftsec_core.api.domain import EvalReport, Vote
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.registry.parent_voter import DERIVED, VOTER
from tests.core.evaluation.rote_models import report_of


@pytest.fixture(scope="module")
def report() -> EvalReport:
    return report_of()


def part(ours: float | None, theirs: float | None) -> dict[str, Any]:
    return {"rows": 500, "same": 0.998, "macro_f1": ours, "parent_macro_f1": theirs}


def vote(report: EvalReport, parts: dict[str, Any], **settings: Any) -> Vote:
    data = {DERIVED: {"parent": "ab" * 32, "agreement": parts}}
    found = VOTER.vote(VOTER.configure(settings), replace(report, data=data), None, GateSettings())
    assert isinstance(found, Vote)
    return found


class TestVoter:
    def test_says_nothing_of_other_models(self, report: EvalReport) -> None:
        assert VOTER.vote(VOTER.configure({}), report, None, GateSettings()) is None

    @pytest.mark.parametrize(
        ("dev", "test", "approve"),
        [
            ((0.951, 0.95), (0.948, 0.95), True),
            ((0.95, 0.95), (0.9479, 0.95), False),
            ((0.9479, 0.95), (0.95, 0.95), False),
            ((None, 0.95), (0.95, 0.95), False),
        ],
    )
    def test_both_parts_have_to_hold(
        self,
        report: EvalReport,
        dev: tuple[float | None, float],
        test: tuple[float, float],
        approve: bool,
    ) -> None:
        found = vote(report, {"dev": part(*dev), "test": part(*test)})
        assert found.approve is approve
        assert f"test: macro-F1 {100 * test[0]:.2f} against 95.00" in found.reason

    def test_bound_can_be_set(self, report: EvalReport) -> None:
        assert vote(report, {"test": part(0.93, 0.95)}, max_loss=0.03).approve
        assert not vote(report, {"test": part(0.93, 0.95)}).approve

    def test_model_without_comparison_is_rejected(self, report: EvalReport) -> None:
        found = vote(report, {})
        assert not found.approve
        assert "it was not compared" in found.reason

"""Canaries are judged by the decision, and a model that misses one is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sftsec_core.api import AuditInput, EmptyConfig, EvalReport, GateSettings, Predictions, Split
from sftsec_core.api.settings.canaries import CanarySettings
from sftsec_core.testing import make_report
from sftsec_poison.canaries import judge_canaries, vote_on_canaries
from sftsec_poison.config import CanaryVoterSettings
from tests.plugins.poison.made import TASK


def judged(y: Sequence[int], decided: Sequence[int], reviewed: Sequence[bool] | None = None) -> Any:
    proba = np.eye(2)[list(decided)]
    canaries = Predictions(
        np.array(y),
        proba,
        0,
        decided=np.array(decided),
        reviewed=None if reviewed is None else np.array(reviewed),
    )
    given = AuditInput(TASK, Split((), (), ()), None, canaries, canaries=canaries)  # type: ignore[arg-type]
    return judge_canaries(EmptyConfig(), given)


def report_of(section: dict[str, Any], sha256: str = "a" * 64) -> EvalReport:
    data = {"canaries": {"sha256": sha256}}
    return replace(make_report(), sections={"canaries": section}, data=data)


class TestJudgeCanaries:
    def test_counts_by_label(self) -> None:
        section = judged([0, 1, 1], [0, 1, 0])
        assert section["outcome"] == "failed"
        assert section["figures"] == {"count": 3, "wrong": [3]}
        assert section["tables"][0]["rows"] == [["benign", 1, 0], ["malicious", 2, 1]]

    def test_attack_in_review_is_not_missed(self) -> None:
        section = judged([0, 1], [0, 0], [False, True])
        assert (section["outcome"], section["figures"]["wrong"]) == ("held", [])

    def test_task_without_canaries_has_no_section(self) -> None:
        given = AuditInput(TASK, Split((), (), ()), None, None)  # type: ignore[arg-type]
        assert judge_canaries(EmptyConfig(), given) == {}


class TestVoteOnCanaries:
    @pytest.mark.parametrize(("least", "approve"), [(1.0, False), (0.6, True)], ids=["all", "some"])
    def test_refuses_below_the_bound(self, least: float, approve: bool) -> None:
        settings = CanaryVoterSettings(min_right=least)
        report = report_of(judged([0, 1, 1], [0, 1, 0]))
        vote = vote_on_canaries(settings, report, None, GateSettings())
        assert vote is not None
        assert vote.approve is approve
        assert vote.reason.startswith("2 of 3 canaries are judged rightly")

    def test_refuses_what_the_live_one_judges(self) -> None:
        settings = CanaryVoterSettings(min_right=0.5)
        new, live = judged([1, 1, 0], [1, 0, 0]), judged([1, 1, 0], [0, 1, 0])
        vote = vote_on_canaries(settings, report_of(new), report_of(live), GateSettings())
        assert vote is not None
        assert not vote.approve
        assert "number 2 rightly" in vote.reason
        other = vote_on_canaries(settings, report_of(new), report_of(live, "b"), GateSettings())
        assert other is not None
        assert other.approve

    def test_abstains_where_a_task_has_none(self, tmp_path: Any) -> None:
        assert vote_on_canaries(CanaryVoterSettings(), make_report(), None, GateSettings()) is None
        policy = GateSettings(canaries=CanarySettings(path=tmp_path / "canaries.jsonl"))
        vote = vote_on_canaries(CanaryVoterSettings(), make_report(), None, policy)
        assert vote is not None
        assert not vote.approve

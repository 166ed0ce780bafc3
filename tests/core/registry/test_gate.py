from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest
from pydantic import BaseModel

from sftsec_core.api.contracts import VoterSpec
from sftsec_core.api.domain import EvalReport, Vote
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.plugins import Plugins
from sftsec_core.registry.gate import decide
from tests.core.evaluation.rote_models import report_of

YES, NO = Vote("first", True, "fine"), Vote("second", False, "not fine")


@pytest.fixture(scope="module")
def report() -> EvalReport:
    return report_of()


class Voter:
    """A plugin whose one voter votes as it is told, or raises."""

    def __init__(self, name: str, answer: object) -> None:
        self.name = name
        self.answer = answer

    @hookimpl
    def sftsec_register_voters(self) -> Sequence[VoterSpec[Any]]:
        return [VoterSpec(name=self.name, summary="as told", vote=self.vote)]

    def vote(self, *_: object) -> Vote:
        if isinstance(self.answer, Exception):
            raise self.answer
        return cast("Vote", self.answer)


def plugins_of(*answers: object) -> Plugins:
    return Plugins.of_modules(*(Voter(f"voter-{n}", a) for n, a in enumerate(answers)))


def decided(report: EvalReport, *answers: object) -> tuple[bool, list[str]]:
    decision = decide(plugins_of(*answers), report, None, GateSettings())
    return decision.approved, [vote.reason for vote in decision.refusals()]


class NoFriday(BaseModel):
    """Settings of a voter."""

    after: str = "16:00"


def test_an_abstention_is_listed(report: EvalReport) -> None:
    decision = decide(plugins_of(YES, None), report, None, GateSettings())
    assert [(vote.voter, vote.abstained) for vote in decision.votes] == [
        ("first", False),
        ("voter-1", True),
    ]


def test_a_voter_gets_its_settings(report: EvalReport) -> None:
    class Friday:
        @hookimpl
        def sftsec_register_voters(self) -> Sequence[VoterSpec[Any]]:
            def vote(config: NoFriday, *_: object) -> Vote:
                return Vote("no_friday", True, config.after)

            return [VoterSpec(name="no_friday", summary="x", config_model=NoFriday, vote=vote)]

    policy = GateSettings(voters={"no_friday": {"after": "12:00"}})
    decision = decide(Plugins.of_modules(Friday()), report, None, policy)
    assert [vote.reason for vote in decision.votes] == ["12:00"]


def test_abstentions_do_not_prevent_an_approval(report: EvalReport) -> None:
    assert decided(report, YES, None, [YES, YES], ()) == (True, [])


def test_one_rejection_decides_against_all_others(report: EvalReport) -> None:
    assert decided(report, YES, [YES, NO], YES) == (False, ["not fine"])


def test_voter_that_raises_rejects(report: EvalReport) -> None:
    approved, reasons = decided(report, YES, RuntimeError("disk\nfull"))
    assert not approved
    assert reasons == ["the voter failed with RuntimeError: disk full"]


@pytest.mark.parametrize("answers", [(), (None,), (None, [], ())])
def test_round_without_votes_rejects(report: EvalReport, answers: tuple[object, ...]) -> None:
    approved, reasons = decided(report, *answers)
    assert not approved
    assert "no voter voted" in reasons[0]


@pytest.mark.parametrize(
    "garbage",
    [True, "yes", 1, {"approve": True}, [YES, "yes"], Vote("odd", "yes", "truthy")],  # type: ignore[arg-type]
)
def test_answer_that_is_no_vote_rejects(report: EvalReport, garbage: object) -> None:
    approved, reasons = decided(report, YES, garbage)
    assert not approved
    assert "not a vote" in reasons[0]

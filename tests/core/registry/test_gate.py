from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from sftsec_core.api.domain import EvalReport, Vote
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.api.settings.task import GateSettings
from sftsec_core.plugins import Plugins
from sftsec_core.registry.gate import decide
from tests.core.evaluation.judged import report_of

YES, NO = Vote("first", True, "fine"), Vote("second", False, "not fine")


@pytest.fixture(scope="module")
def report() -> EvalReport:
    return report_of()


class Voter:
    """A plugin that votes as it is told, or raises."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    @hookimpl
    def sftsec_vote_promotion(
        self, candidate: EvalReport, policy: GateSettings
    ) -> Vote | Sequence[Vote] | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        return cast("Vote", self.answer)


def decided(report: EvalReport, *answers: object) -> tuple[bool, list[str]]:
    plugins = Plugins.of_modules(*(Voter(answer) for answer in answers))
    decision = decide(plugins, report, None, GateSettings())
    return decision.approved, [vote.reason for vote in decision.refusals()]


def test_votes_in_favour_approve_and_abstentions_do_not_matter(report: EvalReport) -> None:
    assert decided(report, YES, None, [YES, YES], ()) == (True, [])


def test_one_refusal_refuses_whatever_the_others_say(report: EvalReport) -> None:
    assert decided(report, YES, [YES, NO], YES) == (False, ["not fine"])


def test_a_voter_that_raises_refuses_with_its_error(report: EvalReport) -> None:
    approved, reasons = decided(report, YES, RuntimeError("disk\nfull"))
    assert not approved
    assert reasons == ["the voter failed with RuntimeError: disk full"]


@pytest.mark.parametrize("answers", [(), (None,), (None, [], ())])
def test_a_round_in_which_nobody_votes_refuses(
    report: EvalReport, answers: tuple[object, ...]
) -> None:
    approved, reasons = decided(report, *answers)
    assert not approved
    assert "nobody voted" in reasons[0]


@pytest.mark.parametrize(
    "garbage",
    [True, "yes", 1, {"approve": True}, [YES, "yes"], Vote("odd", "yes", "truthy")],  # type: ignore[arg-type]
)
def test_an_answer_that_is_no_vote_refuses(report: EvalReport, garbage: object) -> None:
    approved, reasons = decided(report, YES, garbage)
    assert not approved
    assert "not a vote" in reasons[0]

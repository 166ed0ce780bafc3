"""The gate: every vote counts, and doubt refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Decision, Vote

if TYPE_CHECKING:
    from sftsec_core.api.domain import EvalReport
    from sftsec_core.api.settings.task import GateSettings
    from sftsec_core.plugins import Plugins


def decide(
    plugins: Plugins, candidate: EvalReport, incumbent: EvalReport | None, policy: GateSettings
) -> Decision:
    """Ask every voter.

    One refusal refuses. So do a voter that raises, a voter that answers with anything but votes,
    and a round in which nobody votes. None abstains.

    Args:
        plugins: who is asked.
        candidate: its report.
        incumbent: the report of the model in service; None when there is none.
        policy: the task's `gate:`.

    Returns:
        The decision with every vote; what stands for an error is a vote too.
    """
    votes: list[Vote] = []
    for voter, answer in plugins.vote_promotion(candidate, incumbent, policy):
        votes += _votes(voter, answer)
    if not votes:
        votes = [Vote("gate", False, "nobody voted: enable the plugin 'core', or one that votes")]
    return Decision(all(vote.approve for vote in votes), tuple(votes))


def _votes(voter: str, answer: object) -> list[Vote]:
    if answer is None:
        return []
    if isinstance(answer, Exception):
        words = " ".join(str(answer).split())
        return [Vote(voter, False, f"the voter failed with {type(answer).__name__}: {words}")]
    if isinstance(answer, Sequence) and not isinstance(answer, (str, bytes)):
        return [_checked(voter, item) for item in answer]
    return [_checked(voter, answer)]


def _checked(voter: str, answer: object) -> Vote:
    # A truthy string or number is not an approval: only True is.
    if isinstance(answer, Vote) and isinstance(answer.approve, bool):
        return answer
    return Vote(voter, False, f"the voter answered with a {type(answer).__name__}, not a vote")

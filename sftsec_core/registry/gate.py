"""The promotion gate: every vote counts, and doubt rejects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import VoterSpec
from sftsec_core.api.domain import Decision, Vote

if TYPE_CHECKING:
    from pathlib import Path

    from sftsec_core.api.domain import EvalReport
    from sftsec_core.api.settings.task import GateSettings
    from sftsec_core.plugins import Plugins


def decide(
    plugins: Plugins, candidate: EvalReport, incumbent: EvalReport | None, policy: GateSettings
) -> Decision:
    """Ask every voter of the enabled plugins.

    One rejection rejects. So do a voter that raises, a voter that answers with anything but
    votes, and a round in which every voter abstains.

    Args:
        plugins: whose voters are asked.
        candidate: its report.
        incumbent: the report of the live model; None when there is none.
        policy: the task's `gate:`, with the settings of voters.

    Returns:
        The decision with every vote, abstentions and errors too.
    """
    votes: list[Vote] = []
    for name, spec in plugins.specs(VoterSpec).items():
        votes += _votes(name, _ask(spec, candidate, incumbent, policy, plugins.base))
    if all(vote.abstained for vote in votes):
        reason = "no voter voted: enable the plugin 'core', or one that votes"
        votes.append(Vote("gate", False, reason))
    return Decision(all(vote.approve for vote in votes), tuple(votes))


def _ask(
    spec: VoterSpec[Any],
    candidate: EvalReport,
    incumbent: EvalReport | None,
    policy: GateSettings,
    base: Path | None,
) -> object:
    try:
        config = spec.configure(policy.voters.get(spec.name, {}), base=base)
        return spec.vote(config, candidate, incumbent, policy)
    except Exception as error:  # noqa: BLE001 - the answer carries it: it becomes a rejection
        return error


def _votes(voter: str, answer: object) -> list[Vote]:
    if answer is None:
        return [Vote(voter, True, "abstained", abstained=True)]
    if isinstance(answer, Exception):
        words = " ".join(str(answer).split())
        return [Vote(voter, False, f"the voter failed with {type(answer).__name__}: {words}")]
    if isinstance(answer, Sequence) and not isinstance(answer, (str, bytes)):
        return [_checked(voter, item) for item in answer] or _votes(voter, None)
    return [_checked(voter, answer)]


def _checked(voter: str, answer: object) -> Vote:
    # A truthy string or number is not an approval: only True is.
    if isinstance(answer, Vote) and isinstance(answer.approve, bool):
        return answer
    return Vote(voter, False, f"the voter answered with a {type(answer).__name__}, not a vote")

"""The history of the alias "live", read as a stack: a promotion pushes, a rollback pops."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from sftsec_core.api.errors import GateRefusedError

if TYPE_CHECKING:
    from sftsec_core.api.domain import Decision

ROLLBACK = "rolled back: "


class _Move(NamedTuple):
    id: int
    digest: str
    reason: str


# One move of the alias: its row's number, the model that it went to, and why.
Move = tuple[int, str, str]


def restorable(moves: Iterable[Move]) -> list[str]:
    """The digests that are live or that rollbacks can go back to.

    Args:
        moves: oldest first.

    Returns:
        The digests, oldest first; the last one is live.
    """
    stack, _ = _replay(moves)
    return [move.digest for move in stack]


def undone(moves: Iterable[Move], digest: str) -> list[int] | None:
    """The moves that a rollback undid, with the rollback, and that name a model.

    A promotion and the rollback that undid it go together: without both of them the stack is the
    same.

    Args:
        moves: oldest first.
        digest: the model.

    Returns:
        The rows' numbers; None when the model is live or a rollback can go back to it.
    """
    stack, pairs = _replay(moves)
    if any(move.digest == digest for move in stack):
        return None
    return [
        move.id for pair in pairs if any(move.digest == digest for move in pair) for move in pair
    ]


def _replay(moves: Iterable[Move]) -> tuple[list[_Move], list[tuple[_Move, _Move]]]:
    stack: list[_Move] = []
    pairs: list[tuple[_Move, _Move]] = []
    for move in (_Move(*each) for each in moves):
        if move.reason.startswith(ROLLBACK) and len(stack) > 1:
            pairs.append((stack.pop(), move))
        else:
            stack.append(move)
    return stack, pairs


def promotion_reason(decision: Decision, force: str | None) -> str:
    """What the history says of a promotion.

    Args:
        decision: the gate's.
        force: the written reason for promoting against it.

    Raises:
        GateRefusedError: when the gate rejected the model and no reason is given.
    """
    refusals = decision.refusals()
    if decision.approved and decision.votes and not refusals:
        return f"approved by {len(decision.votes)} votes"
    named = "; ".join(f"{vote.voter}: {vote.reason}" for vote in refusals) or "no voter voted"
    if force is None:
        raise GateRefusedError(f"the promotion gate rejects the model: {named}")
    if not force.strip():
        raise GateRefusedError(
            f"forcing needs a written reason; the promotion gate rejects the model: {named}"
        )
    voters = ", ".join(vote.voter for vote in refusals) or "no vote"
    return f"forced against {voters}: {force.strip()}"

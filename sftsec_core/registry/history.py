"""The history of the alias "live", read as a stack: a promotion pushes, a rollback pops."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

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

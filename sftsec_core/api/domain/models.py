"""Models, and the decision to put one in service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A registered model.

    Attributes:
        digest: hex SHA-256 over the names and contents of the model's files.
        task: the task that it answers.
        recipe: the recipe that made it.
        run_id: the run that made it.
        folder: where its files lie.
        created_at: when it was registered (UTC).
        aliases: "candidate", "live", ... that point at it now.
    """

    digest: str
    task: str
    recipe: str
    run_id: str
    folder: Path
    created_at: datetime
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vote:
    """One voter's word on a promotion.

    Attributes:
        voter: what voted ("min_labels", "beats_linear", a plugin's name).
        approve: False refuses the promotion, whatever the others say.
        reason: why, with the figures.
        warning: an approval that a person should read nevertheless.
        abstained: the voter had no opinion; `approve` is then True and counts for nothing.
    """

    voter: str
    approve: bool
    reason: str
    warning: bool = False
    abstained: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """All votes, and what they come to: one refusal, one error or no vote refuses."""

    approved: bool
    votes: tuple[Vote, ...]

    def refusals(self) -> tuple[Vote, ...]:
        """The votes that stand against the promotion."""
        return tuple(vote for vote in self.votes if not vote.approve)

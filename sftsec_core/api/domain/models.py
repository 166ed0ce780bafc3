"""Models, how they serve, and the decision to promote one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A registered model.

    Attributes:
        digest: hex SHA-256 over the names and contents of the model's files: all that decides,
            and nothing of the run. Two runs that make the same model make the same digest.
        task: the task that it answers.
        recipe: the recipe that made it.
        run_id: the last run that made it.
        folder: where its files lie.
        created_at: when it was first registered (UTC).
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
class Registration:
    """One run that made a model.

    Attributes:
        run_id: the run.
        at: when it registered the model (UTC).
        card: the digest of the run's card; None where the card is one of the model's files.
        requested_by: who asked for the run; None where an older version registered the model.
    """

    run_id: str
    at: datetime
    card: str | None = None
    requested_by: str | None = None


@dataclass(frozen=True, slots=True)
class FittedPart:
    """A calibrator or a decider that was fitted on dev, as data.

    Attributes:
        name: of the spec that fitted it and that loads it.
        state: JSON values.
    """

    name: str
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vote:
    """One voter's vote on a promotion.

    Attributes:
        voter: what voted ("min_labels", "beats_baseline", a plugin's name).
        approve: False rejects the model, whatever the others say.
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
    """All votes, and their result: one rejection, one error or no vote rejects the model."""

    approved: bool
    votes: tuple[Vote, ...]

    def refusals(self) -> tuple[Vote, ...]:
        """The votes that reject the model."""
        return tuple(vote for vote in self.votes if not vote.approve)

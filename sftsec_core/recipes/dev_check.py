"""Whether rows that no analyst labelled are learned from: two models are compared without them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Batch
from sftsec_core.recipes.config import LinearConfig
from sftsec_core.recipes.goal import Goal, columns
from sftsec_core.recipes.linear import train_linear
from sftsec_core.recipes.selection import MIN_EFFECT_SIZE, Candidate, effects

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.domain import Example, TaskSpec
    from sftsec_core.api.settings.task import TrainSettings
    from sftsec_core.recipes.linear import LinearModel


def fit_teacher(
    examples: Sequence[Example], task: TaskSpec, settings: TrainSettings
) -> LinearModel:
    """Fit `linear` with its defaults on these rows.

    Raises:
        DataError: when they have fewer than two labels.
    """
    job = TrainJob(
        task=task, train=examples, dev=(), config=LinearConfig(), settings=settings, workdir=Path()
    )
    return train_linear(job)


@dataclass(frozen=True, slots=True)
class DevCheck:
    """What two models say on rows that neither was trained on: dev, or train out of fold.

    Attributes:
        figures: macro-F1 "before" and "after", and the smallest "effect" of the figures that the
            task is chosen by, in standard errors; empty where there are no such rows.
        max_loss: standard errors that a figure may fall by.
    """

    figures: dict[str, float]
    max_loss: float = MIN_EFFECT_SIZE

    @classmethod
    def of(
        cls,
        before: TrainedModel,
        after: TrainedModel,
        dev: Sequence[Example],
        task: TaskSpec,
        seed: int,
    ) -> DevCheck:
        """Compare a model with one that learned from more rows."""
        if not dev:
            return cls({})
        batch = Batch.of_examples(task.inputs, dev)
        return cls.of_answers(
            before.predict_proba(batch), after.predict_proba(batch), columns(dev, task), task, seed
        )

    @classmethod
    def of_answers(
        cls,
        before: NDArray[np.float64],
        after: NDArray[np.float64],
        y: NDArray[np.int64],
        task: TaskSpec,
        seed: int,
        max_loss: float = MIN_EFFECT_SIZE,
    ) -> DevCheck:
        """Compare answers of shape (n, k); y, shape (n,), is the truth."""
        one, other = Candidate(("before",), before), Candidate(("after",), after)
        return cls(
            {
                "before": round(one.macro_f1(y), 4),
                "after": round(other.macro_f1(y), 4),
                "effect": round(min(effects(one, other, y, seed, Goal.of(task, y))), 3),
            },
            max_loss,
        )

    @property
    def allows(self) -> bool:
        """Whether the rows stay: something was compared, and no figure falls by more."""
        return bool(self.figures) and self.figures["effect"] > -self.max_loss

"""Whether rows that no analyst labelled are learned from: dev decides, by two fits of `linear`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Batch
from sftsec_core.recipes.config import LinearConfig
from sftsec_core.recipes.goal import Goal
from sftsec_core.recipes.linear import train_linear
from sftsec_core.recipes.selection import MIN_EFFECT_SIZE, Candidate, effects

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """What two models say on dev.

    Attributes:
        figures: macro-F1 "before" and "after", and the smallest "effect" of the figures that the
            task is chosen by, in standard errors; empty where there is no dev.
    """

    figures: dict[str, float]

    @classmethod
    def of(
        cls,
        before: LinearModel,
        after: LinearModel,
        dev: Sequence[Example],
        task: TaskSpec,
        seed: int,
    ) -> DevCheck:
        """Compare a model with one that learned from more rows."""
        if not dev:
            return cls({})
        y = np.array([task.labels.index(example.label) for example in dev])
        one, other = (
            Candidate(("linear",), model.predict_proba(Batch.of_examples(task.inputs, dev)))
            for model in (before, after)
        )
        return cls(
            {
                "before": round(one.macro_f1(y), 4),
                "after": round(other.macro_f1(y), 4),
                "effect": round(min(effects(one, other, y, seed, Goal.of(task, y))), 3),
            }
        )

    @property
    def allows(self) -> bool:
        """Whether the rows stay: dev is there, and no figure falls by more than noise."""
        return bool(self.figures) and self.figures["effect"] > -MIN_EFFECT_SIZE

"""Labelled examples as arrays, and what a model decides on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import Action
from sftsec_core.api.errors import DataError, unknown
from sftsec_core.api.predictions import ACTIONS, Decisions, Predictions
from sftsec_core.evaluation.methods import decide_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example, Split, TaskSpec
    from sftsec_core.evaluation.inference import FittedModel
    from sftsec_core.evaluation.methods import ServingMethods, ServingParts

_SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class LabelledPart:
    """A part of the split as arrays: everything of `Predictions` but the probabilities."""

    examples: Sequence[Example]
    y: NDArray[np.int64]
    benign: int | None
    groups: NDArray[np.object_] | None
    at: NDArray[np.datetime64] | None
    facets: Mapping[str, NDArray[np.object_]]

    @classmethod
    def of(cls, examples: Sequence[Example], task: TaskSpec) -> LabelledPart:
        """Make the arrays of n examples.

        Raises:
            DataError: when a label is not the task's.
        """
        benign = None if task.benign is None else task.labels.index(task.benign)
        return cls(
            examples,
            _columns(examples, task),
            benign,
            _groups(examples),
            _times(examples),
            facet_columns(examples),
        )

    def predictions(self, proba: NDArray[np.float64]) -> Predictions:
        """A model's probabilities, shape (n, k), with what is known of the examples."""
        return Predictions(
            self.y, proba, self.benign, groups=self.groups, at=self.at, facets=self.facets
        )


def decide(uncalibrated: Predictions, parts: ServingParts) -> tuple[Predictions, Decisions]:
    """Calibrate and decide, with what the model serves with."""
    proba = parts.calibrator.calibrate(uncalibrated.proba)
    decisions = decide_rows(parts.decider, proba, uncalibrated.facets)
    test = replace(
        uncalibrated,
        proba=proba,
        threshold=parts.decider.threshold.value,
        decided=decisions.alerted(uncalibrated.benign),
        reviewed=decisions.actions == ACTIONS.index(Action.REVIEW),
    )
    return test, decisions


def answer(
    fitted: FittedModel, split: Split, task: TaskSpec, methods: ServingMethods
) -> Predictions:
    """What a model decides on a split's test, its calibrator and decider fitted on dev.

    Raises:
        DataError: when a label is not the task's, or dev has no span of time for a budget of
            alerts a day.
        TrainingError: when the model's output is not probabilities.
    """
    raw_dev, _ = fitted.probabilities(split.dev, task, fitted.recipe)
    raw_test, _ = fitted.probabilities(split.test, task, fitted.recipe)
    dev = LabelledPart.of(split.dev, task).predictions(raw_dev)
    parts = methods.fit(dev, incidents_per_day(split.dev, split))
    return decide(LabelledPart.of(split.test, task).predictions(raw_test), parts)[0]


def incidents_per_day(part: Sequence[Example], split: Split) -> float | None:
    """Estimate the stream that a part of a split was drawn from.

    A part drawn at random holds only a fraction of what happened in its span of time, so all
    examples of the split that lie in that span are counted. Unlabelled incidents are not in a
    split: in a stream that is mostly unlabelled the true rate is higher.

    Args:
        part: dev or test.
        split: all three parts.

    Returns:
        Incidents a day; None when fewer than two different times are known.
    """
    times = [example.at for example in part if example.at is not None]
    if not times or min(times) == max(times):
        return None
    first, last = min(times), max(times)
    days = (last - first).total_seconds() / _SECONDS_A_DAY
    all_examples = chain.from_iterable(examples for _, examples in split.parts())
    count = sum(1 for e in all_examples if e.at is not None and first <= e.at <= last)
    return count / days


def _columns(examples: Sequence[Example], task: TaskSpec) -> NDArray[np.int64]:
    place = {label: column for column, label in enumerate(task.labels)}
    strange = {example.label for example in examples} - place.keys()
    if strange:
        raise DataError(unknown(f"label of task {task.name!r}:", min(strange), task.labels))
    return np.fromiter((place[e.label] for e in examples), np.int64, count=len(examples))


def facet_columns(examples: Sequence[Example]) -> dict[str, NDArray[np.object_]]:
    """The facets of n examples by field, each of shape (n,); "" where one has none."""
    names = dict.fromkeys(name for each in examples for name in each.facets)
    return {
        name: np.fromiter(
            (each.facets.get(name, "") for each in examples), np.object_, count=len(examples)
        )
        for name in names
    }


def _groups(examples: Sequence[Example]) -> NDArray[np.object_] | None:
    groups = [example.groups for example in examples]
    return np.fromiter(groups, np.object_, count=len(groups)) if any(groups) else None


def _times(examples: Sequence[Example]) -> NDArray[np.datetime64] | None:
    if all(example.at is None for example in examples):
        return None
    times = [None if e.at is None else e.at.astimezone(UTC).replace(tzinfo=None) for e in examples]
    return np.array(times, dtype="datetime64[us]")

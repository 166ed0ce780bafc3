"""A model's probabilities for a part of a split, checked and put into the task's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import TrainingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.domain import Example, TaskSpec
    from sftsec_core.evaluation.methods import ServingParts


class _CachedOutput(NamedTuple):
    """A model's output for a part; holds the part, so that its `id` is not used again."""

    part: Sequence[Example]
    proba: NDArray[np.float64]
    seconds: float


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A model to be evaluated, and what is known of it.

    Attributes:
        model: scores examples; its labels may be in another order than the task's, or fewer.
        recipe: the recipe that made it.
        fit_seconds: how long it took to train; None when that is not known.
        notes: what it says of how it was fitted, JSON values.
        inference_cost: the recipe's relative cost of scoring one example; None when not known.
        parts: the calibrator and the decider as it serves; None fits them on dev. The live model
            is evaluated with its own: that is what the analysts get.
        seen: says of each example whether the model was trained on it; None knows of none.
    """

    model: TrainedModel
    recipe: str
    fit_seconds: float | None = None
    inference_cost: int | None = None
    parts: ServingParts | None = None
    seen: Callable[[Sequence[Example]], NDArray[np.bool_]] | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)
    # A model is evaluated as the candidate and perhaps again beside another one, and a fine-tuned
    # encoder takes minutes for a part.
    _outputs: dict[int, _CachedOutput] = field(default_factory=dict, repr=False, compare=False)

    def probabilities(
        self, part: Sequence[Example], task: TaskSpec, name: str
    ) -> tuple[NDArray[np.float64], float]:
        """What `predict` gives for this model, computed once for each part."""
        known = self._outputs.get(id(part))
        if known is None:
            known = _CachedOutput(part, *predict(self.model, part, task, name))
            self._outputs[id(part)] = known
        return known.proba, known.seconds


def predict(
    model: TrainedModel, examples: Sequence[Example], task: TaskSpec, name: str
) -> tuple[NDArray[np.float64], float]:
    """Run a model, check its output and put its columns in the task's order.

    A class that the model does not know gets 0; a class that only the model knows is left out
    and its probability goes to the others. The model is not called for no examples.

    Args:
        model: what to run.
        examples: n of them.
        task: its inputs are read, and its k labels are the columns.
        name: the model's name, for the error.

    Returns:
        Probabilities, shape (n, k), and the seconds that the model took.

    Raises:
        TrainingError: when the output is not one row of probabilities for each example.
    """
    if not examples:
        return np.zeros((0, len(task.labels))), 0.0
    batch = Batch.of_examples(task.inputs, examples)
    started = perf_counter()
    output = model.predict_proba(batch)
    seconds = perf_counter() - started
    proba = np.asarray(output, dtype=np.float64)
    expected = (len(examples), len(model.labels))
    if proba.shape != expected:
        raise TrainingError(f"model {name!r} answered in shape {proba.shape}, not {expected}")
    if not np.isfinite(proba).all() or (proba < 0).any():
        raise TrainingError(f"model {name!r} gave a probability that is negative or not a number")
    if not np.allclose(proba.sum(axis=1), 1.0, atol=1e-3):
        raise TrainingError(f"model {name!r} gave rows of probabilities that do not sum to 1")
    return _aligned(proba, tuple(model.labels), task.labels), seconds


def _aligned(
    proba: NDArray[np.float64], given: tuple[str, ...], wanted: tuple[str, ...]
) -> NDArray[np.float64]:
    if given == wanted:
        return proba
    place = {label: column for column, label in enumerate(given)}
    aligned = np.zeros((len(proba), len(wanted)))
    for column, label in enumerate(wanted):
        if label in place:
            aligned[:, column] = proba[:, place[label]]
    total = aligned.sum(axis=1, keepdims=True)
    even = np.full(aligned.shape, 1 / len(wanted))
    np.divide(aligned, total, out=even, where=total > 0)
    return even

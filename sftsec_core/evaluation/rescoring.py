"""What a model would answer for examples that an audit changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.evaluation.inference import predict
from sftsec_core.evaluation.labelled import LabelledPart, decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.domain import Example, TaskSpec
    from sftsec_core.api.predictions import Predictions
    from sftsec_core.evaluation.methods import ServingParts


@dataclass(frozen=True, slots=True)
class Rescorer:
    """A `Rescore` of inputs as they are: the model with its calibrator and its decider."""

    model: TrainedModel
    parts: ServingParts
    task: TaskSpec
    name: str

    def __call__(self, examples: Sequence[Example]) -> Predictions:
        """Score n examples; calibrated and decided.

        Raises:
            DataError: when a label is not the task's.
            TrainingError: when the model's output is not probabilities.
        """
        proba, _ = predict(self.model, examples, self.task, self.name)
        return decide(LabelledPart.of(examples, self.task).predictions(proba), self.parts)[0]

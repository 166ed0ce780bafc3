"""How far a derived model is from the one that it was made of, on rows that both answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.evaluation.labelled import LabelledPart, decide
from sftsec_core.evaluation.metrics import compute_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.api.domain import Example, Split, TaskSpec
    from sftsec_core.evaluation.inference import FittedModel
    from sftsec_core.evaluation.methods import ServingParts


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two models on one part, calibrated and decided alike.

    Attributes:
        rows: of the part.
        same: the share of rows with the same most probable class and the same decision.
        max_difference: the largest change of a probability, 0 to 1.
        mean_difference: the mean change.
        macro_f1: of the derived model; None where it is undefined.
        parent_macro_f1: of the one that it was made of.
    """

    rows: int
    same: float
    max_difference: float
    mean_difference: float
    macro_f1: float | None
    parent_macro_f1: float | None

    @property
    def loss(self) -> float | None:
        """Macro-F1 that was lost; negative where it was gained, None where it is undefined."""
        if self.macro_f1 is None or self.parent_macro_f1 is None:
            return None
        return self.parent_macro_f1 - self.macro_f1


def compare_with_parent(
    derived: FittedModel, parent: FittedModel, split: Split, task: TaskSpec, parts: ServingParts
) -> dict[str, Any]:
    """Both models on dev and on test.

    Args:
        derived: the new one.
        parent: what it was made of.
        split: of which dev may be empty.
        task: gives the order of the classes.
        parts: the calibrator and the decider of both.

    Returns:
        A part's name to the fields of `Agreement`.

    Raises:
        TrainingError: when an output is not probabilities.
    """
    named = {"dev": split.dev, "test": split.test}
    return {
        name: asdict(_agreement(derived, parent, part, task, parts))
        for name, part in named.items()
        if part
    }


def _agreement(
    derived: FittedModel,
    parent: FittedModel,
    part: Sequence[Example],
    task: TaskSpec,
    parts: ServingParts,
) -> Agreement:
    labelled, answers = LabelledPart.of(part, task), []
    for model in (derived, parent):
        proba, _ = model.probabilities(part, task, model.recipe)
        answers.append(decide(labelled.predictions(proba), parts))
    (ours, our_actions), (theirs, their_actions) = answers
    same = ours.proba.argmax(axis=1) == theirs.proba.argmax(axis=1)
    same &= our_actions.actions == their_actions.actions
    moved = np.abs(ours.proba - theirs.proba)
    return Agreement(
        len(part),
        float(same.mean()),
        float(moved.max()),
        float(moved.mean()),
        *(compute_metrics(each)["macro_f1"] for each in (ours, theirs)),
    )

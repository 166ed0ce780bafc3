"""A recipe: a way to make a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from sftsec_core.api.contracts.base import ConfigT, Spec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.domain import Batch, Example, TaskSpec
    from sftsec_core.api.settings.task import TrainSettings


class TrainedModel(Protocol):
    """A model that scores batches of inputs and can be saved.

    It may also have `notes`, a mapping of JSON values for the run's log and the benchmark, and
    `inference_cost`, an int that stands for its recipe's where that depends on what was chosen.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of `predict_proba`'s columns."""
        ...

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels)); rows sum to 1, in the batch's order."""
        ...

    def save(self, folder: Path) -> None:
        """Write weights (safetensors) and settings (JSON) into an existing empty folder."""
        ...


@dataclass(frozen=True, slots=True)
class TrainJob:
    """One order to a recipe.

    Attributes:
        task: what is asked; `task.labels` gives the columns' order.
        train: to fit on; at least two of its labels occur.
        dev: to choose and stop early on; may be empty.
        settings: everything under `train:` of the task.
        workdir: a folder of the job's own, kept between a kill and the rerun: checkpoints.
        log: called with a step's number and its figures, now and then.
        deadline_s: seconds that the job may take; None for no bound.
        device: the accelerator that the run was lent ("cuda:0"); None leaves the choice to torch.
    """

    task: TaskSpec
    train: Sequence[Example]
    dev: Sequence[Example]
    settings: TrainSettings
    workdir: Path
    log: Callable[[int, Mapping[str, float]], None] = lambda _step, _values: None
    deadline_s: float | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeSpec(Spec[ConfigT]):
    """A way to make a model: `train.recipe` in the configuration.

    Attributes:
        inference_cost: relative expense of scoring one row; the promotion gate compares it.
        fit: fits a model; resumes from what an earlier, killed call left in `job.workdir`.
        load: reads a folder that the model's `save` wrote, without unpickling anything.
    """

    hook: ClassVar[str] = "sftsec_register_recipes"
    kind: ClassVar[str] = "recipe"

    inference_cost: int
    fit: Callable[[TrainJob], TrainedModel]
    load: Callable[[Path], TrainedModel]

"""A recipe: a way to make a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol

from pydantic import BaseModel
from typing_extensions import TypeVar

from sftsec_core.api.contracts.base import ConfigT, EmptyConfig, Spec
from sftsec_core.api.domain.inputs import InputField, InputKind
from sftsec_core.api.errors import TrainingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sftsec_core.api.domain import Batch, Example, PrivacySpend, TaskSpec
    from sftsec_core.api.settings.task import TrainSettings


ConfigT_co = TypeVar("ConfigT_co", bound=BaseModel, covariant=True, default=EmptyConfig)


class TrainedModel(Protocol):
    """A model that scores batches of inputs and can be saved.

    It may also have `notes`, a mapping of JSON values for the run's log and the benchmark,
    `inference_cost`, an int that stands for its recipe's where that depends on what was chosen, and
    `unread(batch)`, a list for each row of the spans (first character, one past the last) of the
    row's text, as `batch.text()` gives it, that a bound on length keeps it from reading: ascending,
    apart from each other. They are counted in reports and when incidents are scored. One that only
    knows which rows it reads whole has `reads_whole(batch)`, an array of bool, shape (len(batch),).
    One that holds pieces of texts has `held_ngrams()`: see the function of that name.
    One that can be put in 8 bits has `quantized()`, a model of the same recipe and labels, for
    `sftsec model optimize`.
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


def whole_rows(model: TrainedModel, batch: Batch) -> NDArray[np.bool_]:
    """Which rows a model reads to their end; all of them where it does not say.

    Raises:
        TrainingError: when its `unread` or `reads_whole` does not give one value a row.
    """
    import numpy as np  # here: to register a recipe takes none of it

    says = getattr(model, "reads_whole", None)
    if says is None or hasattr(model, "unread"):
        return np.array([not spans for spans in unread_spans(model, batch)], dtype=bool)
    whole = np.asarray(says(batch), dtype=bool)
    if whole.shape != (len(batch),):
        raise TrainingError(f"reads_whole gave an array of shape {whole.shape}: one bool a row")
    return whole


def unread_spans(model: TrainedModel, batch: Batch) -> list[list[tuple[int, int]]]:
    """What a model does not read of each row's text; nothing where it does not say.

    Raises:
        TrainingError: when its `unread` gives something else than a list a row of spans in order.
    """
    says = getattr(model, "unread", None)
    if says is None:
        return [[] for _ in range(len(batch))]
    spans = [list(row) for row in says(batch)]
    if len(spans) != len(batch):
        raise TrainingError(f"unread gave {len(spans)} lists for {len(batch)} rows: one a row")
    for text, row in zip(batch.text(), spans, strict=True):
        edges = [0, *(edge for span in row for edge in span), len(text)]
        if edges != sorted(edges):
            raise TrainingError(f"unread gave {row[:3]} of a text of {len(text)} characters")
    return spans


def held_ngrams(model: TrainedModel) -> list[str] | None:
    """The pieces of training texts that a model's files hold; None where it does not say.

    A model with a vocabulary has the method `held_ngrams`: words in small letters, each between
    spaces of its own, and pieces of such words.
    """
    says = getattr(model, "held_ngrams", None)
    return None if says is None else list(says())


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainJob(Generic[ConfigT_co]):
    """One order to a recipe.

    Attributes:
        task: what is asked; `task.labels` gives the columns' order.
        train: to fit on; at least two of its labels occur.
        dev: to choose and stop early on; may be empty.
        config: the recipe's own settings, of its `config_model`.
        settings: what all recipes share of the task's `train:`; its seed is the only chance.
        workdir: a folder of the job's own, kept between a kill and the rerun: checkpoints.
        log: called with a step's number and its figures, now and then.
        deadline_s: seconds that the job may take; None for no bound.
        device: the accelerator that the run was lent ("cuda:0"); None leaves the choice to torch.
    """

    task: TaskSpec
    train: Sequence[Example]
    dev: Sequence[Example]
    config: ConfigT_co
    settings: TrainSettings
    workdir: Path
    log: Callable[[int, Mapping[str, float]], None] = lambda _step, _values: None
    deadline_s: float | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeSpec(Spec[ConfigT]):
    """A way to make a model: `train.recipe` in the configuration.

    Attributes:
        kinds: the kinds of input that it reads; of a task's others it is said that they are not.
            One that reads TEXT reads SEQUENCE: `Batch.text` has it behind the text.
        main_kinds: of these a task must have one, for others are read beside them; None: of any
            of `kinds`.
        inference_cost: relative expense of scoring one row; the promotion gate compares it.
        fit: fits a model; resumes from what an earlier, killed call left in `job.workdir`.
        load: reads a folder that the model's `save` wrote, without unpickling anything.
        max_gpus: how many GPUs it can use at once; 0 where it computes on the CPU alone.
        privacy: what a training on these examples spends; None, or a function that gives None for
            a configuration, where nothing bounds what its models give away.
        preload: imports what `load` and scoring need, where that takes seconds. A run calls it in
            a thread while another process fits the recipe.
    """

    hook: ClassVar[str] = "sftsec_register_recipes"
    kind: ClassVar[str] = "recipe"

    inference_cost: int
    fit: Callable[[TrainJob[ConfigT]], TrainedModel]
    load: Callable[[Path], TrainedModel]
    privacy: Callable[[ConfigT, Sequence[Example]], PrivacySpend | None] | None = None
    preload: Callable[[], None] | None = None
    max_gpus: int = 1
    kinds: frozenset[InputKind] = frozenset({InputKind.TEXT})
    main_kinds: frozenset[InputKind] | None = None

    def reads(self, inputs: Sequence[InputField]) -> bool:
        """Whether a task has inputs that it can learn from."""
        wanted = self.kinds if self.main_kinds is None else self.main_kinds
        return any(field.kind in wanted for field in inputs)

    def cost_of(self, model: TrainedModel) -> int:
        """A model's own expense of scoring a row where it names one, else the recipe's."""
        own = getattr(model, "inference_cost", None)
        return own if isinstance(own, int) else self.inference_cost

    def unread(self, inputs: Sequence[InputField]) -> tuple[str, ...]:
        """The names of the inputs that it does not read."""
        read = self.kinds | ({InputKind.SEQUENCE} if InputKind.TEXT in self.kinds else set())
        return tuple(field.name for field in inputs if field.kind not in read)

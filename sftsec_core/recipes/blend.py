"""What `auto` made: one model, or several whose probabilities are blended, and how it chose."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts.recipe import unread_spans
from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.model_format import load_model, read_json, save_model, write_json
from sftsec_core.recipes.pool import LogPool
from sftsec_core.recipes.quantizing import quantized_parts
from sftsec_core.recipes.reading import joined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import RecipeSpec, TrainedModel
    from sftsec_core.api.domain import Batch
    from sftsec_core.recipes.reading import Span

SETTINGS = "auto.json"


@dataclass(frozen=True, slots=True)
class BlendModel:
    """The plain average of its members' probabilities, or their pool; a `TrainedModel`.

    Attributes:
        members: recipe name to model; one member is that model itself.
        notes: what was tried, with dev figures and seconds; not kept with the model.
        inference_cost: of its members together: an `auto` that kept linear is as cheap as linear.
        pool: how they are pooled; None for the average.
    """

    labels: tuple[str, ...]
    members: Mapping[str, TrainedModel]
    notes: Mapping[str, Any] = field(default_factory=dict)
    inference_cost: int | None = None
    pool: LogPool | None = None

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities, shape (len(batch), len(labels))."""
        found = [member.predict_proba(batch) for member in self.members.values()]
        return average(found) if self.pool is None else self.pool(found)

    @property
    def sole(self) -> TrainedModel | None:
        """Its one member, where it has no other."""
        only = len(self.members) == 1 and self.pool is None
        return next(iter(self.members.values())) if only else None

    def reads_whole(self, batch: Batch) -> NDArray[np.bool_]:
        """Which rows each member reads to their end; shape (len(batch),)."""
        return np.array([not spans for spans in self.unread(batch)], dtype=bool)

    def unread(self, batch: Batch) -> list[list[Span]]:
        """What one member or more do not read of each row's text: spans of characters."""
        found = [unread_spans(member, batch) for member in self.members.values()]
        return [joined(span for spans in row for span in spans) for row in zip(*found, strict=True)]

    def quantized(self) -> BlendModel:
        """The same with the encoders of its members in 8 bits.

        Raises:
            TrainingError: when none has an encoder that can be.
        """
        return replace(self, members=quantized_parts(self.members), inference_cost=None)

    def save(self, folder: Path) -> None:
        """Write each member into a subfolder of its name, and their names beside them.

        Not the notes: they tell how long a fit took, and the same model has the same digest.
        """
        for name, member in self.members.items():
            save_model(member, name, folder / name)
        pool = {"pool": self.pool.to_json()} if self.pool else {}
        own = {"labels": list(self.labels), "members": list(self.members), **pool}
        write_json(folder / SETTINGS, own)


def average(probabilities: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of probabilities of one shape."""
    mean: NDArray[np.float64] = np.mean(np.stack(probabilities), axis=0)
    return mean


def load_blend(folder: Path, recipes: Mapping[str, RecipeSpec[Any]]) -> BlendModel:
    """Read what `BlendModel.save` wrote.

    Args:
        folder: holds a subfolder a member.
        recipes: of which members may be; a blend within a blend is not one of them.

    Raises:
        IntegrityError: when a member is missing, unknown or not what it should be.
    """
    settings = read_json(folder / SETTINGS)
    names = settings.get("members")
    if not isinstance(names, list) or not names or not set(names) <= set(recipes):
        raise IntegrityError(f"{folder / SETTINGS}: members {names!r} are not recipes")
    members = {name: load_model(folder / name, recipes) for name in names}
    labels = tuple(settings["labels"])
    if any(member.labels != labels for member in members.values()):
        raise IntegrityError(f"{folder}: its members do not answer the same question")
    # A blend of an older version may have notes.
    notes = settings.get("notes", {})
    pool = _pool(folder, settings.get("pool"), len(members), len(labels))
    return BlendModel(labels, members, notes, inference_cost_of(members, recipes), pool)


def _pool(folder: Path, values: Any, models: int, classes: int) -> LogPool | None:  # noqa: ANN401 - what JSON holds
    if values is None:
        return None
    try:
        return LogPool.from_json(values, models, classes)
    except (ValueError, TypeError, KeyError) as error:
        raise IntegrityError(f"{folder / SETTINGS}: the pool is damaged: {error}") from error


def inference_cost_of(
    members: Mapping[str, TrainedModel], recipes: Mapping[str, RecipeSpec[Any]]
) -> int:
    """What members cost together, each by its recipe's name."""
    return sum(recipes[name].cost_of(member) for name, member in members.items())

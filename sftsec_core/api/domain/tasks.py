"""What a task asks of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sftsec_core.api.domain.inputs import TEXT_INPUT, InputField, InputKind, Inputs
from sftsec_core.api.domain.objectives import DEFAULT_OBJECTIVE, Objective


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A question put to a model, and the labels that answer it.

    Attributes:
        name: the task's name in sftsec.yaml.
        inputs: what the model reads of an incident.
        labels: the classes, sorted with `benign` first; a model's columns are in this order.
        benign: the class that raises no detection; None when every class is one.
        group_field: incidents with one value here never stand in two parts of a split.
        context: the settings that figures of earlier events are made by, as JSON; "" for none.
        objective: what models are chosen and compared by.
    """

    name: str
    inputs: tuple[InputField, ...]
    labels: tuple[str, ...]
    benign: str | None = None
    group_field: str | None = None
    context: str = ""
    objective: Objective = DEFAULT_OBJECTIVE

    @classmethod
    def of_text(cls, name: str, fields: tuple[str, ...], *more: Any, **named: Any) -> Self:  # noqa: ANN401 - the other attributes
        """Make a task whose one input is the text of these fields."""
        return cls(name, (InputField(TEXT_INPUT, InputKind.TEXT, fields),), *more, **named)

    @property
    def kinds(self) -> frozenset[InputKind]:
        """The kinds of its inputs."""
        return frozenset(field.kind for field in self.inputs)

    @property
    def baseline(self) -> str:
        """The recipe that any other must beat."""
        return baseline_recipe(self.inputs)

    @property
    def text_fields(self) -> tuple[str, ...]:
        """The dotted names whose values make the text; empty for a task without one."""
        return self.sources_of(InputKind.TEXT)

    @property
    def sources(self) -> tuple[str, ...]:
        """The dotted names of all fields that the inputs are made of."""
        return tuple(dict.fromkeys(name for field in self.inputs for name in field.fields))

    def own(self, inputs: Inputs) -> Inputs:
        """What was read of an incident itself, without the figures of the events before it."""
        figures = {field.name for field in self.inputs if not field.sources}
        if not figures:
            return inputs
        return {name: value for name, value in inputs.items() if name not in figures}

    def sources_of(self, kind: InputKind) -> tuple[str, ...]:
        """The dotted names of the fields that the inputs of one kind are made of."""
        chosen = (field.fields for field in self.inputs if field.kind is kind)
        return tuple(dict.fromkeys(name for fields in chosen for name in fields))


def baseline_recipe(inputs: Sequence[InputField]) -> str:
    """The recipe that any other must beat.

    `linear` on text; `phash`, the nearest image by perceptual hash of the plugin vision, where
    there are images alone; else `boosted` trees.
    """
    kinds = {field.kind for field in inputs}
    if InputKind.TEXT in kinds:
        return "linear"
    return "phash" if kinds == {InputKind.IMAGE} else "boosted"

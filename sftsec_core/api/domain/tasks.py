"""What a task asks of a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A question put to a model, and the labels that answer it.

    Attributes:
        name: the task's name in sftsec.yaml.
        text_fields: dotted ECS names whose values, in this order, make the text.
        labels: the classes, sorted with `benign` first; a model's columns are in this order.
        benign: the class that raises no detection; None when every class is one.
        group_field: incidents with one value here never stand in two parts of a split.
    """

    name: str
    text_fields: tuple[str, ...]
    labels: tuple[str, ...]
    benign: str | None = None
    group_field: str | None = None

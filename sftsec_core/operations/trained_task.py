"""A task as its model was trained on it, whatever the configuration says now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sftsec_core.api.domain import InputKind
from sftsec_core.scoring.decision import group_fields

if TYPE_CHECKING:
    from sftsec_core.api.settings.task import TaskSettings
    from sftsec_core.registry.registry import LoadedModel

_KEYS = {
    "numbers": InputKind.NUMBER,
    "categories": InputKind.CATEGORY,
    "images": InputKind.IMAGE,
}


def trained_task(task: TaskSettings, loaded: LoadedModel) -> TaskSettings:
    """The configured task with the steps and the inputs that the model was trained with.

    Args:
        task: as the configuration has it.
        loaded: the model; the fields by which its decider groups incidents are kept too.
    """
    serving = loaded.serving
    text = [field for field in serving.task.inputs if field.kind is InputKind.TEXT]
    read: dict[str, Any] = {
        "text": tuple(name for field in text for name in field.sources),
        "text_fallback": tuple(name for field in text for name in field.fallback),
    }
    for key, kind in _KEYS.items():
        read[key] = serving.task.sources_of(kind)
    by = group_fields(loaded.parts.decider)
    groups = task.evaluation.model_copy(update={"groups": (*task.evaluation.groups, *by)})
    changed = {"steps": dict(serving.steps), "evaluation": groups, **read}
    return task.model_copy(update=changed)

"""Which recipes a run fits, with their settings and encoders, and what they do not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from sftsec_core.api.settings.choice import Choice
from sftsec_core.recipes.config import EncoderSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sftsec_core.api.contracts import RecipeSpec
    from sftsec_core.api.domain import InputField
    from sftsec_core.api.settings.task import TrainSettings

_SHOWN = 5  # `context` alone may have 500 inputs


def chosen_recipes(settings: TrainSettings, baseline: str) -> dict[str, Choice]:
    """The recipes to fit by name: the task's own, the baseline, those to compare with.

    A recipe that is named twice is fitted once, with the first settings that are given.
    """
    chosen: dict[str, Choice] = {}
    for choice in (settings.recipe, Choice(name=baseline), *settings.compare):
        if choice.name not in chosen or not chosen[choice.name].options():
            chosen[choice.name] = choice
    return chosen


def encoders_in(config: BaseModel) -> Iterator[tuple[str, EncoderSettings]]:
    """The encoders that a recipe's settings name, and those of its members, each with its key."""
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, EncoderSettings):
            yield name, value
        elif isinstance(value, BaseModel):
            yield from ((f"{name}.{key}", found) for key, found in encoders_in(value))


def unread_note(recipe: RecipeSpec[Any], inputs: Sequence[InputField]) -> str | None:
    """One line that names inputs that a recipe does not read; None when it reads all."""
    unread = recipe.unread(inputs)
    more = f" and {len(unread) - _SHOWN:,} more" if len(unread) > _SHOWN else ""
    shown = ", ".join(unread[:_SHOWN]) + more
    return f"recipe {recipe.name!r} does not read {shown}" if unread else None

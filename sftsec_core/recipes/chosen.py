"""Which recipes a run fits, with their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.api.settings.choice import Choice

if TYPE_CHECKING:
    from sftsec_core.api.settings.task import TrainSettings


def chosen_recipes(settings: TrainSettings, baseline: str) -> dict[str, Choice]:
    """The recipes to fit by name: the task's own, the baseline, those to compare with.

    A recipe that is named twice is fitted once, with the first settings that are given.
    """
    chosen: dict[str, Choice] = {}
    for choice in (settings.recipe, Choice(name=baseline), *settings.compare):
        if choice.name not in chosen or not chosen[choice.name].options():
            chosen[choice.name] = choice
    return chosen

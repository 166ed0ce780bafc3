"""The entry point `core`: what sftsec itself offers, through the hooks that a stranger uses.

`sftsec_vote_promotion` is imported, not written here: pluggy finds a marked function wherever
a module's namespace holds it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sftsec_core.api.contracts import LauncherSpec, RecipeSpec, StepSpec, TaskPreset
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.config.presets import TASKS
from sftsec_core.dataset.normalise import NORMALISE
from sftsec_core.recipes.specs import LOCAL_LAUNCHER, RECIPES
from sftsec_core.registry.voters import sftsec_vote_promotion

__all__ = [
    "sftsec_register_launchers",
    "sftsec_register_recipes",
    "sftsec_register_steps",
    "sftsec_register_tasks",
    "sftsec_vote_promotion",
]


@hookimpl
def sftsec_register_steps() -> Sequence[StepSpec]:
    """Offer `normalise`."""
    return [NORMALISE]


@hookimpl
def sftsec_register_recipes() -> Sequence[RecipeSpec]:
    """Offer linear, probe, hybrid, full, lora and auto."""
    return RECIPES


@hookimpl
def sftsec_register_launchers() -> Sequence[LauncherSpec]:
    """Offer `local`: this process."""
    return [LOCAL_LAUNCHER]


@hookimpl
def sftsec_register_tasks() -> Sequence[TaskPreset]:
    """Offer ready-made tasks."""
    return TASKS

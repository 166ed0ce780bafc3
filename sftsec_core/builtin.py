"""The entry point `core`: what sftsec itself offers, through the hooks that third parties use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sftsec_core.api.contracts import (
    AttackSpec,
    AuditSpec,
    CalibratorSpec,
    DeciderSpec,
    LauncherSpec,
    RecipeSpec,
    StepSpec,
    TaskPreset,
    TransformSpec,
    VoterSpec,
)
from sftsec_core.api.hookspecs import hookimpl
from sftsec_core.config.presets import TASKS
from sftsec_core.dataset.decode import DECODE
from sftsec_core.dataset.normalise import NORMALISE
from sftsec_core.dataset.rewrites.attacks import ATTACKS
from sftsec_core.evaluation.audits import AUDITS
from sftsec_core.evaluation.specs import TEMPERATURE, THRESHOLD
from sftsec_core.recipes.specs import LOCAL_LAUNCHER, RECIPES, TRANSFORMS
from sftsec_core.registry.analyst_voter import VOTER as ANALYSTS
from sftsec_core.registry.parent_voter import VOTER as KEEPS_PARENT
from sftsec_core.registry.voters import VOTERS


@hookimpl
def sftsec_register_steps() -> Sequence[StepSpec[Any]]:
    """Offer `normalise` and `decode`."""
    return [NORMALISE, DECODE]


@hookimpl
def sftsec_register_recipes() -> Sequence[RecipeSpec[Any]]:
    """Offer the built-in recipes."""
    return RECIPES


@hookimpl
def sftsec_register_audits() -> Sequence[AuditSpec[Any]]:
    """Offer the built-in audits."""
    return AUDITS


@hookimpl
def sftsec_register_attacks() -> Sequence[AttackSpec[Any]]:
    """Offer what the transform `augment` rewrites, as attacks."""
    return ATTACKS


@hookimpl
def sftsec_register_calibrators() -> Sequence[CalibratorSpec[Any]]:
    """Offer `temperature`."""
    return [TEMPERATURE]


@hookimpl
def sftsec_register_deciders() -> Sequence[DeciderSpec[Any]]:
    """Offer `threshold`."""
    return [THRESHOLD]


@hookimpl
def sftsec_register_transforms() -> Sequence[TransformSpec[Any]]:
    """Offer `label_errors` and `augment`."""
    return TRANSFORMS


@hookimpl
def sftsec_register_voters() -> Sequence[VoterSpec[Any]]:
    """Offer the built-in voters; their settings are the keys of `gate`, or stand below `voters`."""
    return (*VOTERS, ANALYSTS, KEEPS_PARENT)


@hookimpl
def sftsec_register_launchers() -> Sequence[LauncherSpec[Any]]:
    """Offer `local`: this machine."""
    return [LOCAL_LAUNCHER]


@hookimpl
def sftsec_register_tasks() -> Sequence[TaskPreset]:
    """Offer ready-made tasks."""
    return TASKS

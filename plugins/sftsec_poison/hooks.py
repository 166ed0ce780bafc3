"""Offers the transform `poison`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api import TransformSpec, hookimpl
from sftsec_poison.config import PoisonSettings

if TYPE_CHECKING:
    from sftsec_core.api import Example, InputField, TaskSpec, TransformResult


def _check(settings: PoisonSettings, inputs: Sequence[InputField]) -> None:
    from sftsec_poison.transform import check_inputs

    check_inputs(settings, inputs)


def _weigh(
    settings: PoisonSettings, examples: Sequence[Example], task: TaskSpec, seed: int
) -> TransformResult:
    from sftsec_poison.transform import weigh_poison

    return weigh_poison(settings, examples, task, seed)


@hookimpl
def sftsec_register_transforms() -> Sequence[TransformSpec[Any]]:
    """Offer "poison"."""
    return [
        TransformSpec(
            name="poison",
            summary="Rows by which one analyst binds a phrase to a label count less",
            config_model=PoisonSettings,
            run=_weigh,
            check=_check,
        )
    ]

"""Models whose encoders are put in 8 bits; importing this is light."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sftsec_core.api.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.contracts import TrainedModel


def can_be_quantized(model: TrainedModel) -> bool:
    """Whether a model says how to make one of it in 8 bits."""
    return hasattr(model, "quantized")


def quantized(model: TrainedModel, recipe: str) -> TrainedModel:
    """The same model with its encoders in 8 bits.

    Args:
        model: any.
        recipe: its name, for messages.

    Raises:
        TrainingError: when it has no encoder that can be, is in 8 bits already, or a package is
            missing.
    """
    if not can_be_quantized(model):
        raise TrainingError(
            f"a {recipe} model has no fine-tuned encoder to put in 8 bits: full and lora have one, "
            "and auto and cascade where they chose one"
        )
    return cast("TrainedModel", model.quantized())  # type: ignore[attr-defined]  # just asked for


def quantized_parts(members: Mapping[str, TrainedModel]) -> dict[str, TrainedModel]:
    """A model's members, by their recipes' names, those in 8 bits that can be.

    Raises:
        TrainingError: when none can be; as `quantized`.
    """
    able = {name for name, member in members.items() if can_be_quantized(member)}
    if not able:
        raise TrainingError(
            f"none of its members ({', '.join(members)}) has a fine-tuned encoder to put in 8 bits"
        )
    return {
        name: quantized(member, name) if name in able else member
        for name, member in members.items()
    }

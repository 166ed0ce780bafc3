"""Offers the step "pictures" and the recipes "vision" and "phash"."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api import InputKind, RecipeSpec, Requirement, StepSpec, hookimpl
from sftsec_vision.config import PhashConfig, PicturesConfig, VisionConfig

if TYPE_CHECKING:
    from sftsec_core.api import Step, StepContext, TrainedModel, TrainJob

_HINT = "pip install 'sftsec[vision]'"
_PILLOW = Requirement(module="PIL", install_hint=_HINT)
_IMAGE = frozenset({InputKind.IMAGE})


@hookimpl
def sftsec_register_steps() -> Sequence[StepSpec[Any]]:
    """Offer "pictures", which runs before any other step."""
    return [
        StepSpec(
            name="pictures",
            summary="pictures decoded in a bounded process, without metadata; broken ones aside",
            order=10,
            config_model=PicturesConfig,
            create=_pictures,
            requires=(_PILLOW,),
            checks=_IMAGE,
        )
    ]


@hookimpl
def sftsec_register_recipes() -> Sequence[RecipeSpec[Any]]:
    """Offer "vision", and "phash", the baseline of tasks whose inputs are images alone."""
    vision: RecipeSpec[VisionConfig] = RecipeSpec(
        name="vision",
        summary="A pretrained network's vectors of pictures and the text's n-grams, one head.",
        config_model=VisionConfig,
        inference_cost=20,
        kinds=_IMAGE | {InputKind.TEXT},
        main_kinds=_IMAGE,
        fit=_fit_vision,
        load=_load_vision,
        preload=_preload,
        requires=(
            _PILLOW,
            *(Requirement(module=name, install_hint=_HINT) for name in ("torch", "torchvision")),
        ),
    )
    phash: RecipeSpec[PhashConfig] = RecipeSpec(
        name="phash",
        summary="The nearest labelled pictures by perceptual hash: seconds, finds copies alone.",
        config_model=PhashConfig,
        inference_cost=1,
        kinds=_IMAGE,
        fit=_fit_phash,
        load=_load_phash,
        max_gpus=0,
        requires=(_PILLOW,),
    )
    return [vision, phash]


def _pictures(config: PicturesConfig, context: StepContext) -> Step:
    from sftsec_vision.pictures import create

    return create(config, context)


def _fit_vision(job: TrainJob[VisionConfig]) -> TrainedModel:
    from sftsec_vision.recipe import fit

    return fit(job)


def _load_vision(folder: Path) -> TrainedModel:
    from sftsec_vision.recipe import load

    return load(folder)


def _preload() -> None:
    pass


def _fit_phash(job: TrainJob[PhashConfig]) -> TrainedModel:
    from sftsec_vision.phash import fit

    return fit(job)


def _load_phash(folder: Path) -> TrainedModel:
    from sftsec_vision.phash import load

    return load(folder)

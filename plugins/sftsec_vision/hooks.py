"""Offers the step "pictures" and the recipes "vision" and "phash"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api import InputKind, Requirement, StepSpec, hookimpl
from sftsec_vision.config import PicturesConfig

if TYPE_CHECKING:
    from sftsec_core.api import Step, StepContext

_PILLOW = Requirement("PIL", "pip install 'sftsec[vision]'")


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
            checks=frozenset({InputKind.IMAGE}),
        )
    ]


def _pictures(config: PicturesConfig, context: StepContext) -> Step:
    from sftsec_vision.pictures import create

    return create(config, context)

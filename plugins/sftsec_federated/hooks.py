"""Offers the recipe "federated", and the commands `sftsec federated serve|join`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api import InputKind, RecipeSpec, hookimpl
from sftsec_federated.config import FederatedConfig

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from sftsec_core.api import TrainedModel, TrainJob


def _train(job: TrainJob[FederatedConfig]) -> TrainedModel:
    from sftsec_federated.recipe import train_federated

    return train_federated(job)


def _load(folder: Path) -> TrainedModel:
    from sftsec_federated.model import load_federated

    return load_federated(folder)


@hookimpl
def sftsec_register_recipes() -> Sequence[RecipeSpec[Any]]:
    """Offer "federated": a head over hashed n-grams that several sites train together."""
    return [
        RecipeSpec(
            name="federated",
            summary="A head over hashed n-grams, trained by several sites; no incident leaves one",
            config_model=FederatedConfig,
            kinds=frozenset({InputKind.TEXT, InputKind.NUMBER, InputKind.CATEGORY}),
            inference_cost=1,
            max_gpus=0,
            fit=_train,
            load=_load,
        )
    ]


@hookimpl
def sftsec_register_commands(cli: click.Group) -> None:
    """Add `sftsec federated`."""
    from sftsec_federated.commands import federated

    cli.add_command(federated)

"""Offers the launcher "ray", and `sftsec ray score`: work for the nodes of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sftsec_core.api import LauncherSpec, Requirement, hookimpl
from sftsec_ray.config import RayLauncherSettings

if TYPE_CHECKING:
    import click

    from sftsec_core.api import Event, TrainOrder

RAY = Requirement(module="ray", install_hint="pip install 'sftsec[ray]'")


def _run(config: RayLauncherSettings, order: TrainOrder, emit: Callable[[Event], None]) -> None:
    from sftsec_ray.launcher import run_on_ray

    run_on_ray(config, order, emit)


@hookimpl
def sftsec_register_launchers() -> Sequence[LauncherSpec[Any]]:
    """Offer "ray": an existing cluster by its address, or one of this machine."""
    return [
        LauncherSpec(
            name="ray",
            summary="A node of a Ray cluster; a worker that dies is replaced and resumes.",
            config_model=RayLauncherSettings,
            requires=(RAY,),
            run=_run,
        )
    ]


@hookimpl
def sftsec_register_commands(cli: click.Group) -> None:
    """Add `sftsec ray`."""
    from sftsec_ray.commands import ray

    cli.add_command(ray)

"""Where a recipe runs, and on which device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sftsec_core.api.contracts.recipe import RecipeSpec, TrainedModel, TrainJob


@dataclass(frozen=True, slots=True)
class LauncherSpec:
    """A place to run a recipe: this process (`local`), a cluster, ..."""

    name: str
    summary: str
    run: Callable[[RecipeSpec, TrainJob], TrainedModel]


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """What a run wants of an accelerator."""

    run_id: str
    task: str
    memory_gb: float | None = None


@dataclass(frozen=True, slots=True)
class GpuLease:
    """The device that a run may use while it holds the lease, as torch names it ("cuda:0")."""

    device: str

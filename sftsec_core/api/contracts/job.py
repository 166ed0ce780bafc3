"""Where a recipe runs, and on which device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from sftsec_core.api.contracts.base import ConfigT, Spec
from sftsec_core.api.contracts.recipe import RecipeSpec, TrainedModel, TrainJob


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherSpec(Spec[ConfigT]):
    """A place to run a recipe: this machine (`local`), a cluster, ...

    Attributes:
        run: (own settings, recipe, job) to the fitted model.
    """

    hook: ClassVar[str] = "sftsec_register_launchers"
    kind: ClassVar[str] = "launcher"

    run: Callable[[ConfigT, RecipeSpec[Any], TrainJob], TrainedModel]


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

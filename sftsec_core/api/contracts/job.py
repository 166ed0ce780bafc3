"""Where recipes are fitted, and on which device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from sftsec_core.api.contracts.base import ConfigT, Spec
from sftsec_core.api.domain.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOrder:
    """The recipes of one run to fit, as data: names, paths and JSON values.

    Another process, or another host that shares the folder, can carry it out:
    `sftsec_core.recipes.launch.fit.fit_order` does.

    Attributes:
        run: the run's id.
        task: `TaskSpec` as JSON values.
        settings: everything under `train:` of the task, as JSON values.
        recipes: names of the recipes to fit, in this order. One that `folder` holds fitted
            already is left as it is.
        plugins: names of the plugins that register them.
        folder: the run's folder; examples lie in `examples`, models go to `fitted/RECIPE`.
        baseline: the recipe that the budget does not bound.
        device: the accelerator that the run was lent: "cpu", "cuda:N", or UUIDs, joined by
            commas, as CUDA_VISIBLE_DEVICES takes them; None leaves the choice to torch.
        base: the folder of sftsec.yaml, from which relative paths in `settings` start.
        state: the state folder.
        state_key: where the key of an encrypted state is ("env:NAME"): what carries out the
            order needs it to read the examples. None: the state is not encrypted.
        adaptation: `AdaptationSettings` as JSON values: instead of fitting recipes, the encoder
            that they name is adapted to the examples' texts, and left in `fitted/adapt`.
    """

    run: str
    task: Mapping[str, Any]
    settings: Mapping[str, Any]
    recipes: tuple[str, ...]
    plugins: tuple[str, ...]
    folder: Path
    baseline: str
    device: str | None = None
    base: Path | None = None
    state: Path | None = None
    state_key: str | None = None
    adaptation: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """The order as JSON values."""
        values = asdict(self)
        return {name: str(v) if isinstance(v, Path) else v for name, v in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            TypeError: when it is no order.
        """
        lists = {name: tuple(values[name]) for name in ("recipes", "plugins")}
        named = {name: values.get(name) for name in ("folder", "base", "state")}
        paths = {name: None if at is None else Path(at) for name, at in named.items()}
        return cls(**{**values, **lists, **paths})


@dataclass(frozen=True, slots=True, kw_only=True)
class LauncherSpec(Spec[ConfigT]):
    """A place to fit recipes: a process of this machine (`local`), a cluster, ...

    Attributes:
        run: (own settings, order, emit) fits the order's recipes into its folder and passes on
            the events meanwhile. It ends what it started when an exception ends it, such as one
            that `emit` raises. While nothing happens it emits a `TrainingAlive` every few seconds,
            so that a run that lost its GPU can be ended.
        local: it computes on this machine: the run leases the GPUs for it here.
    """

    hook: ClassVar[str] = "sftsec_register_launchers"
    kind: ClassVar[str] = "launcher"

    run: Callable[[ConfigT, TrainOrder, Callable[[Event], None]], None]
    local: bool = False


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """What a run wants of an accelerator.

    Attributes:
        memory_gb: free memory of each device, in units of 10^9 bytes; None for any.
        gpus: how many devices.
    """

    run_id: str
    task: str
    memory_gb: float | None = None
    gpus: int = 1


@dataclass(frozen=True, slots=True)
class GpuLease:
    """The device that a run may use while it holds the lease.

    As torch names it ("cuda:0"), or by UUIDs that are joined by commas.
    """

    device: str

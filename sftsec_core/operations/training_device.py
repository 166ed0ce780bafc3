"""The device that a run trains on: the only one that the process which trains can see."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import GpuLease, GpuRequest, LauncherSpec, RecipeSpec
from sftsec_core.api.domain import Message
from sftsec_core.api.errors import LeaseLostError, TrainingError, TrainingInterruptedError
from sftsec_core.operations.gpu_lease import CPU, VISIBLE, GpuAcquisition, GpuAsker
from sftsec_core.operations.gpu_watch import GpuWatch
from sftsec_core.plugins import get
from sftsec_core.recipes.chosen import chosen_recipes
from sftsec_core.recipes.specs import LOCAL_LAUNCHER
from sftsec_core.store.gpu_leases import GpuLeaseInfo

if TYPE_CHECKING:
    from sftsec_core.operations.running import Run

_UUIDS = re.compile(r"(GPU|MIG)-[0-9A-Za-z/-]+(,(GPU|MIG)-[0-9A-Za-z/-]+)*")
_CUDA = re.compile(r"cuda(:(\d+))?")


def _nothing() -> None:
    """Check nothing: what was not leased here cannot be lost here."""


@dataclass(frozen=True, slots=True)
class TrainingDevice:
    """What a run trains or scores on.

    Attributes:
        name: for the order; None leaves the choice to torch.
        check: raises TrainingInterruptedError when the run has lost it.
    """

    name: str | None
    check: Callable[[], None] = _nothing


@contextmanager
def training_device(run: Run) -> Iterator[TrainingDevice]:
    """Hold a device while recipes are fitted and evaluated: lent by a plugin, leased, or the CPU.

    Raises:
        TrainingError: when the task asks for a GPU and there is none that will do.
        TrainingInterruptedError: when none became free in time, or it was lost meanwhile.
    """
    train, plugins = run.task.train, run.context.plugins
    launcher = get("launcher", train.launcher.name, plugins.specs(LauncherSpec))
    specs, names = plugins.specs(RecipeSpec), chosen_recipes(train, run.spec.baseline)
    uses_gpu = any(get("recipe", name, specs).max_gpus for name in names)
    memory = train.needs.memory
    request = GpuRequest(
        run.info.id,
        run.spec.name,
        memory_gb=memory / 1e9 if memory else None,
        gpus=train.needs.gpus,
    )
    lender = plugins.acquire_gpu(request)
    own = launcher.name == LOCAL_LAUNCHER.name
    if lender is not None:
        with lent(lender, GpuAsker.to_train(run), own) as device:
            yield device
    elif train.device == CPU or not launcher.local or not uses_gpu:
        with only_visible(train.device, own) if train.device else nullcontext():
            yield TrainingDevice(train.device)
    else:
        with leased(GpuAsker.to_train(run), train.device, own) as device:
            yield device


@contextmanager
def lent(
    lender: AbstractContextManager[GpuLease], asker: GpuAsker, own: bool
) -> Iterator[TrainingDevice]:
    """Hold a device that a plugin lends.

    Args:
        lender: of the plugin.
        asker: who asked.
        own: what computes is a process that the body starts.

    Raises:
        TrainingError: when it lends something else.
    """
    with lender as lease:
        if not isinstance(lease, GpuLease):
            raise TrainingError("a plugin lent something that is not a GpuLease")
        asker.emit(Message(text=f"on {lease.device}"))
        with only_visible(lease.device, own):
            yield TrainingDevice(lease.device)


@contextmanager
def leased(asker: GpuAsker, otherwise: str | None, own: bool) -> Iterator[TrainingDevice]:
    """Hold a GPU by a lease, or compute without.

    Args:
        asker: who asks for it.
        otherwise: the device where nothing can be leased; None leaves the choice to torch.
        own: what computes is a process that the body starts.

    Raises:
        TrainingError: when the task insists on a GPU and there is none that will do.
        TrainingInterruptedError: when none became free in time, or it was lost meanwhile.
    """
    got = GpuAcquisition(asker).acquire()
    if not isinstance(got, GpuLeaseInfo):
        name = got or otherwise
        with only_visible(name, own) if name else nullcontext():
            yield TrainingDevice(name)
        return
    with GpuWatch(asker.context.store.gpu_leases, got, asker.context.settings.gpu) as watch:
        devices = ", ".join(got.devices.values())
        asker.emit(Message(text=f"on GPU {devices}, by lease {got.id}"))
        name = ",".join(got.devices)
        with only_visible(name, own):
            try:
                yield TrainingDevice(name, watch.check)
            except (TrainingInterruptedError, LeaseLostError):
                raise
            except Exception:
                # A lost GPU shows as any error of CUDA's.
                watch.confirm()
                raise


@contextmanager
def only_visible(device: str, own_process: bool = False) -> Iterator[None]:
    """Hide every accelerator but those named.

    CUDA reads the variable when it is first used, so a process in which it was used already
    cannot be confined any more.

    Args:
        device: "cuda:1", "cpu", which hides all, or UUIDs that are joined by commas.
        own_process: what trains is a process that the body starts, so this one may use CUDA.

    Raises:
        TrainingError: when CUDA is in use already, or the device is none of these.
    """
    visible = _value_for(device)
    torch = sys.modules.get("torch")
    if not own_process and torch is not None and torch.cuda.is_initialized():
        raise TrainingError(f"CUDA is in use already: this process cannot be kept to {device}")
    before = os.environ.get(VISIBLE)
    os.environ[VISIBLE] = visible
    try:
        yield
    finally:
        if before is None:
            del os.environ[VISIBLE]
        else:
            os.environ[VISIBLE] = before


def _value_for(device: str) -> str:
    """The value of CUDA_VISIBLE_DEVICES that leaves these devices."""
    if device == CPU:
        return ""
    if _UUIDS.fullmatch(device):
        return device
    if found := _CUDA.fullmatch(device):
        return found[2] or "0"
    raise TrainingError(f"{device!r} is no device: write cuda:N, cpu or a GPU's UUID")

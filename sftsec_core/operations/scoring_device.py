"""The device that a model scores on: a GPU by a lease, as for a training, or the CPU."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from sftsec_core.api.contracts import GpuRequest, RecipeSpec
from sftsec_core.api.domain import Message
from sftsec_core.gpu.choice import GpuNeed
from sftsec_core.operations.gpu_lease import CPU, GpuAsker, need_of
from sftsec_core.operations.training_device import leased, lent, only_visible
from sftsec_core.plugins import get

if TYPE_CHECKING:
    from sftsec_core.api.domain import Event
    from sftsec_core.operations.context import Context
    from sftsec_core.operations.running import Run

_DOING = "scoring"


def scoring_run(run: Run) -> GpuAsker:
    """A run that scores."""
    need = _need(run.context, run.info.task)
    return GpuAsker(
        run.info.id, run.info.task, run.context, need, False, _DOING, run.emit, run.heartbeat.check
    )


def scoring_call(context: Context, task: str, what: str) -> GpuAsker:
    """A command that scores without a run of its own: a person waits for its answer.

    Args:
        context: settings and store.
        task: the task's name.
        what: the command, which names the lease.
    """

    def warn(event: Event) -> None:
        # Which GPU answers is of interest in `gpu leases` only.
        if isinstance(event, Message) and event.level == "warning":
            context.emit(replace(event, task=task))

    name = f"{what}-{uuid4().hex[:8]}"
    return GpuAsker(name, task, context, _need(context, task), False, _DOING, warn)


def _need(context: Context, task: str) -> GpuNeed:
    """One GPU with `gpu.min_free`; of the task's device, if that is a certain one."""
    settings = context.settings.gpu
    return GpuNeed(1, int(settings.min_free), need_of(context.task(task).train, settings).named)


@contextmanager
def scoring_device(asker: GpuAsker, recipe: str) -> Iterator[Callable[[], None]]:
    """Hold a device while a model is loaded and scores.

    A task that trains on the CPU scores there. No task insists on a GPU to score on: models are
    trained on one host and score on another.

    Args:
        asker: who scores.
        recipe: of the model.

    Yields:
        What raises TrainingInterruptedError when the GPU was lost.

    Raises:
        TrainingInterruptedError: when none became free in time (`gpu.fallback: wait`), or it was
            lost meanwhile.
    """
    plugins, device = asker.context.plugins, asker.context.task(asker.task).train.device
    if not get("recipe", recipe, plugins.specs(RecipeSpec)).max_gpus:
        yield _nothing
    elif _cuda_is_in_use():
        # By an earlier step of this process, which cannot be moved to another GPU any more.
        yield _nothing
    elif device == CPU:
        with only_visible(CPU):
            yield _nothing
    else:
        lender = plugins.acquire_gpu(GpuRequest(asker.id, asker.task))
        with lent(lender, asker, False) if lender else leased(asker, None, False) as held:
            yield held.check


def _nothing() -> None:
    """Check nothing: what was not leased here cannot be lost here."""


def _cuda_is_in_use() -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_initialized())

"""Fit recipes, each once: what an interrupted run has fitted is not fitted again."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.api.contracts import (
    GpuLease,
    GpuRequest,
    LauncherSpec,
    RecipeSpec,
    TrainedModel,
    TrainJob,
)
from sftsec_core.api.domain import RecipeFitted
from sftsec_core.api.errors import TrainingError
from sftsec_core.api.settings.choice import Choice
from sftsec_core.evaluation.inference import FittedModel
from sftsec_core.models.model_format import load_model, save_model
from sftsec_core.plugins import get
from sftsec_core.sdk.atomic import sync_folder, write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.api.domain import Split
    from sftsec_core.operations.running import Run

BASELINE = "linear"
_VISIBLE = "CUDA_VISIBLE_DEVICES"


def fit_all(run: Run, split: Split) -> dict[str, FittedModel]:
    """Fit the task's recipe, those it is compared with and the linear baseline.

    Returns:
        Recipe's name to its model; the task's own recipe stands first.

    Raises:
        TrainingError: when a recipe cannot be fitted.
    """
    settings = run.task.train
    chosen = (settings.recipe, Choice(name=BASELINE), *settings.compare)
    names = dict.fromkeys(choice.name for choice in chosen)
    with _device(run) as device:
        return {name: _fit(run, split, name, device) for name in names}


def _fit(run: Run, split: Split, name: str, device: str | None) -> FittedModel:
    recipe = get("recipe", name, run.context.plugins.specs(RecipeSpec))
    kept = run.folder / "fitted" / name
    reused = (kept / "fit.json").is_file()
    if not reused:
        with run.stage("train", name):
            _fit_and_keep(run, split, recipe, device, kept)
    known = json.loads((kept / "fit.json").read_text(encoding="utf-8"))
    # Always the model as it was kept: what is evaluated is what will serve.
    model = load_model(kept / "model", run.context.plugins.specs(RecipeSpec))
    run.emit(
        RecipeFitted(recipe=name, seconds=known["seconds"], notes=known["notes"], reused=reused)
    )
    return FittedModel(
        model, name, fit_seconds=known["seconds"], inference_cost=inference_cost_of(model, recipe)
    )


def inference_cost_of(model: TrainedModel, recipe: RecipeSpec[Any]) -> int:
    """The model's own cost of scoring where it names one, else its recipe's."""
    own = getattr(model, "inference_cost", None)
    return own if isinstance(own, int) else recipe.inference_cost


def _fit_and_keep(
    run: Run, split: Split, recipe: RecipeSpec[Any], device: str | None, kept: Path
) -> None:
    budget = run.task.train.budget
    job = TrainJob(
        task=run.spec,
        train=split.train,
        dev=split.dev,
        settings=run.task.train,
        workdir=run.folder / "work" / recipe.name,
        log=lambda step, values: run.log_step(recipe.name, step, values),
        deadline_s=budget.total_seconds() if budget and recipe.name != BASELINE else None,
        device=device,
    )
    job.workdir.mkdir(parents=True, exist_ok=True)
    choice = run.task.train.launcher
    launcher = get("launcher", choice.name, run.context.plugins.specs(LauncherSpec))
    config = launcher.configure(choice.options())
    started = time.monotonic()
    model = _run_guarded(lambda: launcher.run(config, recipe, job), recipe.name)
    seconds = time.monotonic() - started
    shutil.rmtree(kept, ignore_errors=True)
    (kept / "model").mkdir(parents=True)
    save_model(model, recipe.name, kept / "model")
    sync_folder(kept)
    notes: Mapping[str, Any] = getattr(model, "notes", {})
    known = {"seconds": seconds, "notes": notes}
    # Written last: its presence says that the model beside it is whole.
    write_atomically(kept / "fit.json", json.dumps(known).encode())
    shutil.rmtree(job.workdir, ignore_errors=True)


def _run_guarded(train: Any, name: str) -> TrainedModel:  # noqa: ANN401 - a thunk
    try:
        model: TrainedModel = train()
    except ImportError as error:
        raise TrainingError(
            f"recipe {name!r} needs {error.name}: pip install 'sftsec[train]'"
        ) from error
    return model


@contextmanager
def _device(run: Run) -> Iterator[str | None]:
    """Hold the lease of an accelerator while everything is fitted, if a plugin lends one."""
    lender = run.context.plugins.acquire_gpu(GpuRequest(run.info.id, run.spec.name))
    if lender is None:
        yield None
        return
    with lender as lease:
        if not isinstance(lease, GpuLease):
            raise TrainingError("a plugin lent something that is not a GpuLease")
        run.note(f"on {lease.device}")
        with only_visible(lease.device):
            yield lease.device


@contextmanager
def only_visible(device: str) -> Iterator[None]:
    """Hide every accelerator but the one that was lent ("cuda:1"; "cpu" hides all).

    CUDA reads the variable when it is first used, so a process in which it was used already
    cannot be confined any more.

    Raises:
        TrainingError: when CUDA is in use already, or the device is neither of these.
    """
    kind, _, number = device.partition(":")
    if kind not in ("cuda", "cpu") or (number and not number.isdigit()):
        raise TrainingError(f"a plugin lent {device!r}; write cuda:N or cpu")
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        raise TrainingError(f"CUDA is in use already: this process cannot be kept to {device}")
    before = os.environ.get(_VISIBLE)
    os.environ[_VISIBLE] = (number or "0") if kind == "cuda" else ""
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VISIBLE]
        else:
            os.environ[_VISIBLE] = before

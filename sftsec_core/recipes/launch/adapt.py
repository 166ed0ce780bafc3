"""Carry out an order to adapt an encoder, once."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import StageFinished, StageProgressed, StageStarted, TrainingStep
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.recipes.adaptation import FACTS, NAME, AdaptationSettings
from sftsec_core.recipes.encoder_files import encoders_relative_to
from sftsec_core.recipes.launch.files import read_examples, task_from_json
from sftsec_core.recipes.launch.places import EXAMPLES, WORK, fitted_folder
from sftsec_core.sdk.atomic import sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sftsec_core.api.contracts import TrainOrder
    from sftsec_core.api.domain import Event
    from sftsec_core.store.vault import Vault

STAGE = "adapt"


def adapted_folder(folder: Path) -> Path:
    """Where a run leaves an adapted encoder; it is there when it is whole."""
    return fitted_folder(folder, NAME)


def carry_out_adaptation(
    order: TrainOrder, vault: Vault | None, emit: Callable[[Event], None]
) -> None:
    """Adapt the encoder that an order names, unless its folder holds the result already.

    Raises:
        SftsecError: as `encoder.adapt.adapt` does.
    """
    from sftsec_core.recipes.encoder.adapt import adapt

    done = adapted_folder(order.folder)
    if (done / FACTS).is_file():
        return
    job = _job(order, vault, emit)
    emit(StageStarted(stage=STAGE, detail=job.config.encoder.path))
    started = time.monotonic()
    draft = job.workdir / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()

    def progress(step: int, total: int) -> None:
        emit(StageProgressed(stage=STAGE, done=step, total=total, unit="steps"))

    with encoders_relative_to(order.base):
        found = adapt(job, draft, progress)
    sync_folder(draft)
    done.parent.mkdir(exist_ok=True)
    draft.rename(done)
    shutil.rmtree(job.workdir, ignore_errors=True)
    counts = {"texts": found.texts, "windows": found.windows, "cut windows": found.cut_windows}
    counts["steps"] = found.steps
    emit(StageFinished(stage=STAGE, seconds=time.monotonic() - started, counts=counts))


def _job(
    order: TrainOrder, vault: Vault | None, emit: Callable[[Event], None]
) -> TrainJob[AdaptationSettings]:
    settings = TrainSettings.model_validate(order.settings)
    workdir = order.folder / WORK / NAME
    workdir.mkdir(parents=True, exist_ok=True)

    def log(step: int, values: Mapping[str, float]) -> None:
        emit(TrainingStep(recipe=NAME, step=step, values=dict(values)))

    return TrainJob(
        task=task_from_json(order.task),
        train=read_examples(order.folder / EXAMPLES, "train", vault),
        dev=read_examples(order.folder / EXAMPLES, "dev", vault),
        config=AdaptationSettings.model_validate(order.adaptation),
        settings=settings,
        workdir=workdir,
        log=log,
        deadline_s=settings.budget.total_seconds() if settings.budget else None,
        device=order.device,
    )

"""What an adaptation would read and how long it would take; nothing is trained or written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sftsec_core.recipes.adaptation import AdaptationForecast
from sftsec_core.recipes.encoder.adapt import prepare
from sftsec_core.recipes.encoder.adaptation_time import AdaptationTime
from sftsec_core.recipes.encoder.encoder import quiet_transformers
from sftsec_core.recipes.encoder.trainer import seeded
from sftsec_core.recipes.encoder_files import resolve_encoder

if TYPE_CHECKING:
    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.recipes.adaptation import AdaptationSettings


def plan_adaptation(job: TrainJob[AdaptationSettings]) -> AdaptationForecast:
    """Encode the texts that `adapt` would, and time some batches of them.

    Args:
        job: as `adapt` takes it; its `workdir` is not used.

    Raises:
        ConfigError, IntegrityError, DataError: as `adapt` does.
    """
    started = time.monotonic()
    parent = resolve_encoder(job.config.encoder)
    with seeded(job.settings.seed), quiet_transformers():
        data, texts = prepare(job, parent)
        spent_s = time.monotonic() - started
        found = AdaptationTime.of(data, job.config)
    steps = found.wanted if job.deadline_s is None else found.steps_within(job.deadline_s, spent_s)
    return AdaptationForecast(
        parent=job.config.encoder.path,
        parent_sha256=parent.digest,
        texts=texts.texts,
        windows=len(texts.train),
        tokens=int(texts.train.rows.lengths.sum()),
        cut_windows=texts.train.cut,
        dev_windows=len(texts.dev),
        device=data.model.bias.device.type,
        steps=steps,
        passes=round(steps / found.a_pass, 2),
        seconds=round(spent_s + found.seconds(steps), 1) if steps else 0.0,
        least_budget_s=found.least_budget_s(spent_s),
    )

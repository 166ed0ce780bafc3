"""A job with a dev part, as `auto` searches on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.settings.task import TrainSettings
from sftsec_core.recipes.config import AutoConfig
from tests.core.recipes.jobs import job_of, two_classes


def judged_job(
    tmp_path: Path, budget: timedelta | None = timedelta(minutes=10), seed: int = 13, **config: Any
) -> TrainJob[Any]:
    job = job_of(two_classes(600), tmp_path, dev=two_classes(140), config=AutoConfig(**config))
    return replace(job, settings=TrainSettings(budget=budget, seed=seed))

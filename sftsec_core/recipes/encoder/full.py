"""The `full` recipe: every weight of the encoder is fine-tuned, under a fresh linear head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.recipes.encoder.private import private_fine_tune
from sftsec_core.recipes.encoder.trainer import FULL, fine_tune

if TYPE_CHECKING:
    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.recipes.config import FineTuneConfig
    from sftsec_core.recipes.encoder.classifier import EncoderModel


def train_full(job: TrainJob[FineTuneConfig]) -> EncoderModel:
    """Fine-tune the whole encoder; see `trainer.fine_tune` for resuming and errors."""
    if job.config.privacy is not None:
        return private_fine_tune(job, FULL)
    return fine_tune(job, FULL)

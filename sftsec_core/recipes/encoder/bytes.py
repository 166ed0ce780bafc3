"""The `bytes` recipe: a small network over UTF-8 bytes, trained from scratch; see `byte_encoder`.

The loop, the losses, the checkpoints and the model's folder are those of `full`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sftsec_core.recipes.encoder.byte_encoder import ByteConfig, ByteEncoder, make_tokenizer
from sftsec_core.recipes.encoder.loop import FineTuning
from sftsec_core.recipes.encoder.source import EncoderSource
from sftsec_core.recipes.encoder.trainer import fine_tune

if TYPE_CHECKING:
    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.recipes.config import BytesConfig
    from sftsec_core.recipes.encoder.classifier import EncoderModel

LAYOUT = "bytes 1"  # raise it when the network changes: a checkpoint of another is not resumed


def train_bytes(job: TrainJob[BytesConfig]) -> EncoderModel:
    """Train the network; see `trainer.fine_tune` for resuming and errors."""
    return fine_tune(job, BYTES)


def _from_scratch(job: TrainJob[BytesConfig]) -> EncoderSource:
    sizes = ByteConfig(hidden_size=job.config.width, num_hidden_layers=job.config.layers)
    return EncoderSource(LAYOUT, lambda: (ByteEncoder(sizes), make_tokenizer()))


# All of it starts from nothing: head and encoder learn at one rate.
BYTES = FineTuning("bytes", rate=1.0, head_rate=1.0, source=_from_scratch)

"""The `lora` recipe: low-rank adapters in every linear layer, and a fresh linear head.

Only the adapters and the head are trained (PEFT): less optimizer memory and small checkpoints,
which counts with encoders larger than the packaged one. Afterwards the adapters are merged into
the weights, so that a saved model stands alone; see `classifier`.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import torch
from peft import LoraConfig, LoraModel

from sftsec_core.recipes.encoder.loop import FineTuning
from sftsec_core.recipes.encoder.private import private_fine_tune
from sftsec_core.recipes.encoder.trainer import fine_tune

if TYPE_CHECKING:
    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.recipes.config import LoraTuneConfig
    from sftsec_core.recipes.encoder.classifier import EncoderModel


def train_lora(job: TrainJob[LoraTuneConfig]) -> EncoderModel:
    """Fine-tune adapters; see `trainer.fine_tune` for resuming and errors."""
    if job.config.privacy is not None:
        return private_fine_tune(job, LORA)
    return fine_tune(job, LORA)


def _wrap(encoder: torch.nn.Module, job: TrainJob[LoraTuneConfig]) -> torch.nn.Module:
    rank = job.config.rank
    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=job.config.dropout,
        target_modules="all-linear",
        bias="none",
    )
    # The tuner itself and not `get_peft_model`, whose wrapper is for saving adapters apart, and
    # asks the encoder for an attribute that transformers 5 warns about.
    with warnings.catch_warnings():
        # GPT-2's layers have their weights transposed: it says that it has seen that.
        warnings.filterwarnings("ignore", "fan_in_fan_out", UserWarning)
        wrapped: torch.nn.Module = LoraModel(encoder, config, "default")
    return wrapped


def _merge(encoder: torch.nn.Module) -> torch.nn.Module:
    merged: torch.nn.Module = encoder.merge_and_unload()  # type: ignore[operator]
    return merged


# Adapters start from nothing and bear, and need, a rate ten times that of pretrained weights.
LORA = FineTuning("lora", rate=10.0, head_rate=10.0, wrap=_wrap, merge=_merge)

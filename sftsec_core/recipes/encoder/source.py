"""Where the encoder that is trained comes from: a checked folder, or from scratch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftsec_core.recipes.encoder.encoder import load_encoder, load_tokenizer
from sftsec_core.recipes.encoder_files import resolve_encoder

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.recipes.config import FineTuneConfig


@dataclass(frozen=True, slots=True)
class EncoderSource:
    """An encoder that is yet to be made.

    Attributes:
        digest: of all that it depends on: a checkpoint of another one is not resumed.
        load: makes the encoder, in float32, and its tokenizer; what is random in it comes from
            torch's generator.
    """

    digest: str
    load: Callable[[], tuple[torch.nn.Module, Any]]


def pretrained(job: TrainJob[FineTuneConfig]) -> EncoderSource:
    """The encoder that the job's settings name.

    Raises:
        ConfigError, IntegrityError: when it is not there or not the right one.
    """
    files = resolve_encoder(job.config.encoder)
    return EncoderSource(
        files.digest, lambda: (load_encoder(files.folder), load_tokenizer(files.folder))
    )

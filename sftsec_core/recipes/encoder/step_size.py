"""How many examples a step takes: few on a CPU, what fills the card on a GPU.

A GPU does a step of 32 short texts and one of 600 in the same time, that of starting its kernels.
More rows a step are fewer steps, so the learning rate grows with their root, the rule for Adam
(Malladi 2022), and a run keeps steps enough to learn in.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from sftsec_core.recipes.config import TrainingConfig

STEPS = 400  # a run has at least, if rows are added to its steps
MOST_TOKENS = 65_536  # a step gains nothing beyond: the card is full
# Activations that a step keeps for its backward pass, measured: 350 KB a token of BERT-base.
BYTES_A_UNIT = 38  # of hidden size, layer and token
MEMORY_SHARE = 0.6  # of what is free; the rest is weights, optimizer, and batches longer than most
PARTS = 8
MOST_RATE = 8.0  # times the rate asked for


def choose_rows(
    config: TrainingConfig,
    texts: int,
    mean_length: float,
    encoder_config: Any,  # noqa: ANN401 - transformers'
    *,
    packs: bool,
) -> int:
    """Examples a step.

    Args:
        config: `batch_size` is the least; `batch_tokens`, where it is a number, is kept to.
        texts: that are trained on.
        mean_length: of theirs, in tokens.
        encoder_config: its hidden size and layers say what a token takes of the card's memory.
        packs: whether nothing is padded; else `batch_size` it is.
    """
    if not packs:
        return config.batch_size
    if isinstance(config.batch_tokens, int):
        tokens = float(config.batch_tokens)
    else:
        tokens = min(
            texts * mean_length * config.epochs / STEPS, MOST_TOKENS, _held(encoder_config)
        )
    rows = int(tokens / mean_length) // PARTS * PARTS  # a step may come to be taken in parts
    return max(config.batch_size, min(texts, rows))


def rate_factor(rows: int, batch_size: int) -> float:
    """What the learning rate is multiplied by for `rows` a step instead of `batch_size`."""
    return min(math.sqrt(max(rows / batch_size, 1.0)), MOST_RATE)


def _held(encoder_config: Any) -> float:  # noqa: ANN401 - transformers'
    """Tokens whose activations the card's free memory holds."""
    free, _ = torch.cuda.mem_get_info() if torch.cuda.is_available() else (math.inf, 0)
    unit = BYTES_A_UNIT * encoder_config.hidden_size * encoder_config.num_hidden_layers
    return MEMORY_SHARE * free / float(unit)

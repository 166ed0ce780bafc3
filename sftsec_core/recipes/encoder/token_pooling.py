"""How the vectors of a window's tokens become one: their mean, or the last of a decoder.

A decoder's token knows those before it, so that its last one alone has read the whole; that is what
transformers' own classifiers on decoders take. Rows are padded on the right, where no token before
the padding sees it: no token's position or vector depends on how much there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch

from sftsec_core.recipes.encoder.architecture import reads_causally
from sftsec_core.recipes.encoder.encoder import mean_pool
from sftsec_core.recipes.encoder.packing import mean_within

if TYPE_CHECKING:
    from collections.abc import Mapping

TokenPooling = Literal["mean", "last"]


def token_pooling_of(encoder: torch.nn.Module) -> TokenPooling:
    """What suits an encoder: the last token of one that reads causally, else the mean.

    Raises:
        ConfigError: when the encoder does not read token ids with a mask.
    """
    return "last" if reads_causally(encoder) else "mean"


def pool_tokens(
    hidden: torch.Tensor,
    how: TokenPooling,
    others: Mapping[str, Any],
) -> torch.Tensor:
    """One vector for each row of tokens.

    Args:
        hidden: shape (rows, tokens, dim), or (1, tokens, dim) of packed rows.
        how: which.
        others: `attention_mask` of `pad_rows`, or `bounds` of `pack_rows`.

    Returns:
        Shape (rows, dim), float32.
    """
    if "bounds" in others:
        if how == "mean":
            return mean_within(hidden[0], others["bounds"])
        return hidden[0][others["bounds"][1:].long() - 1].float()
    mask = others["attention_mask"]
    if how == "mean":
        return mean_pool(hidden, mask)
    rows = torch.arange(len(hidden), device=hidden.device)
    return hidden[rows, mask.sum(1) - 1].float()

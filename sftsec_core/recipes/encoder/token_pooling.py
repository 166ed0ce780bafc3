"""How the vectors of a window's tokens become one: their mean, or the last of a decoder.

A decoder's token knows those before it, so that its last one alone has read the whole; that is what
transformers' own classifiers on decoders take. Rows are padded on the right, where no token before
the padding sees it: no token's position or vector depends on how much there is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import torch

from sftsec_core.recipes.encoder.architecture import reads_causally
from sftsec_core.recipes.encoder.encoder import mean_pool
from sftsec_core.recipes.encoder.packing import mean_within

if TYPE_CHECKING:
    from collections.abc import Mapping

TokenPooling = Literal["mean", "last", "max"]


def token_pooling_of(encoder: torch.nn.Module) -> TokenPooling:
    """What suits an encoder: what it says itself, else the last token of a causal one, or the mean.

    Raises:
        ConfigError: when the encoder does not read token ids with a mask.
    """
    own: TokenPooling | None = getattr(encoder.config, "token_pooling", None)
    return own or ("last" if reads_causally(encoder) else "mean")


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
        return _pool_packed(hidden[0], how, others["bounds"])
    mask = others["attention_mask"]
    if how == "mean":
        return mean_pool(hidden, mask)
    if how == "max":
        return hidden.float().masked_fill(mask[..., None] == 0, -math.inf).amax(1)
    rows = torch.arange(len(hidden), device=hidden.device)
    return hidden[rows, mask.sum(1) - 1].float()


def _pool_packed(hidden: torch.Tensor, how: TokenPooling, bounds: torch.Tensor) -> torch.Tensor:
    if how == "mean":
        return mean_within(hidden, bounds)
    if how == "max":
        lengths = torch.diff(bounds).long()
        return torch.segment_reduce(hidden.float(), "max", lengths=lengths, unsafe=True)
    return hidden[bounds[1:].long() - 1].float()

"""How the vectors of a text's windows become one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from sftsec_core.recipes.reading import Pooling


class WindowPooling(nn.Module):
    """Pools the windows of each text; the vector of a text of one window stays as it is.

    attention is a weighted mean. The weights are a softmax over a score that the caller gives each
    window, the odds of a linear model, plus one that is learnt (Ilse 2018, without its hidden
    layer) and starts at 0, so that no chance is in its start.
    """

    def __init__(self, width: int, how: Pooling) -> None:
        """Make the pooling of vectors of a width.

        Args:
            width: of a vector.
            how: the others than attention have nothing to learn.
        """
        super().__init__()
        self.how: Pooling = how
        self.query = nn.Parameter(torch.zeros(width)) if how == "attention" else None

    def forward(
        self, vectors: torch.Tensor, counts: torch.Tensor, scores: torch.Tensor
    ) -> torch.Tensor:
        """Pool.

        Args:
            vectors: of all windows, those of a text one after the other; shape (windows, width).
            counts: windows of each text, one at least; int64, shape (texts,).
            scores: what attention starts from; shape (windows,).

        Returns:
            Shape (texts, width).
        """
        places = torch.arange(int(counts.max()), device=counts.device)
        there = places[None, :] < counts[:, None]
        grid = vectors.new_zeros((*there.shape, vectors.shape[1]))
        grid[there] = vectors
        if self.how == "max":
            return grid.masked_fill(~there[..., None], -math.inf).amax(1)
        if self.query is None:
            return grid.sum(1) / counts[:, None].to(grid.dtype)
        learnt = (vectors @ self.query.to(vectors.dtype)) / math.sqrt(vectors.shape[1])
        logits = torch.full_like(grid[..., 0], -math.inf)
        logits[there] = scores.to(logits.dtype) + learnt
        weights = logits.softmax(1)
        return (grid * weights[..., None]).sum(1)

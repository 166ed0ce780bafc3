"""Numbers and categories beside a text: rows that carry them, and the layers that read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sftsec_core.api.domain import Batch
    from sftsec_core.recipes.dense import DenseBlock
    from sftsec_core.recipes.encoder.data import EncodedTexts
    from sftsec_core.recipes.encoder.windows import WindowedTexts

HIDDEN = 64  # units between the columns and the text's vector
_ENCODED_AT_ONCE = 4096  # rows: the encoding makes float64 on its way


@dataclass(frozen=True, slots=True)
class TextsBeside:
    """Texts with numbers and categories; stands where `EncodedTexts` do.

    Attributes:
        texts: of each row.
        side: the numbers and categories, encoded; float32, shape (rows, columns).
    """

    texts: EncodedTexts | WindowedTexts
    side: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.side)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each row's text; shape (rows,)."""
        return self.texts.lengths

    def take(self, indices: NDArray[np.int64]) -> TextsBeside:
        """Some of the rows, in the order of `indices`."""
        return TextsBeside(self.texts.take(indices), self.side[indices])


def beside(
    texts: EncodedTexts | WindowedTexts, side: NDArray[np.float32]
) -> TextsBeside | EncodedTexts | WindowedTexts:
    """Rows of texts with their side inputs; the texts themselves where there are no columns."""
    return TextsBeside(texts, side) if side.shape[1] else texts


def encode_side(block: DenseBlock | None, batch: Batch) -> NDArray[np.float32]:
    """The side inputs of a batch, shape (len(batch), columns); no columns without a block.

    `DenseBlock` makes rows of length 1, as a regularised linear head wants them; here each column
    that varies has a mean square of 1 over the training rows, on average, as layers want them.
    """
    if block is None:
        return np.zeros((len(batch), 0), dtype=np.float32)
    size = np.float32(np.sqrt(np.count_nonzero(block.scale)))
    starts = range(0, len(batch), _ENCODED_AT_ONCE)
    parts = [block(batch.slice(at, at + _ENCODED_AT_ONCE)) * size for at in starts]
    return np.concatenate([np.zeros((0, block.width), dtype=np.float32), *parts])


class SideInput(nn.Module):
    """Two layers from the side inputs to a vector that is added to the text's.

    The second layer starts at zero: before its first step the model is the one of text alone, to
    the bit, and what the pretrained encoder says is not drowned by random layers.
    """

    def __init__(self, columns: int, width: int, dropout: float) -> None:
        """Make the layers; the random start comes from torch's generator.

        Args:
            columns: of the side inputs.
            width: of a text's vector.
            dropout: of the units between.
        """
        super().__init__()
        self.inner = nn.Linear(columns, HIDDEN)
        self.outer = nn.Linear(HIDDEN, width)
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, side: torch.Tensor) -> torch.Tensor:
        """Map side inputs, shape (rows, columns), to shape (rows, width)."""
        units = nn.functional.gelu(self.inner(side.to(self.inner.weight.dtype)))
        found: torch.Tensor = self.outer(self.dropout(units))
        return found

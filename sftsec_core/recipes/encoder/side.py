"""Numbers and categories beside a text: rows that carry them, and the layers that read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Batch
    from sftsec_core.recipes.dense import DenseBlock
    from sftsec_core.recipes.encoder.data import EncodedTexts
    from sftsec_core.recipes.encoder.windows import WindowedTexts

HIDDEN = 64  # units between the columns and the text's vector
_ENCODED_AT_ONCE = 4096  # rows: the encoding makes float64 on its way


@dataclass(frozen=True, slots=True)
class TextsBeside:
    """Rows of a text with numbers and categories; stands where `EncodedTexts` do.

    Alerts of one rule share their text and differ in their figures: what is computed of a text
    alone need be computed once.

    Attributes:
        texts: each text once.
        of: the number of each row's text; int64, shape (rows,).
        side: the numbers and categories, encoded; float32, shape (rows, columns).
    """

    texts: EncodedTexts | WindowedTexts
    of: NDArray[np.int64]
    side: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.of)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each row's text; shape (rows,)."""
        return self.texts.lengths[self.of]

    def take(self, indices: NDArray[np.int64]) -> TextsBeside:
        """Some of the rows, in the order of `indices`."""
        return TextsBeside(self.texts, self.of[indices], self.side[indices])


def distinct(texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Each text once, in the order of its first row, and the number of each row's text."""
    place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return list(place), np.array([place[text] for text in texts], dtype=np.int64)


def encode_rows(
    batch: Batch,
    block: DenseBlock | None,
    encode: Callable[[Sequence[str]], EncodedTexts | WindowedTexts],
) -> EncodedTexts | WindowedTexts | TextsBeside:
    """The rows of a batch; where the task has side inputs each text is encoded once."""
    if block is None:
        return encode(batch.text())
    texts, of = distinct(batch.text())
    return TextsBeside(encode(texts), of, encode_side(block, batch))


def scored_lengths(texts: EncodedTexts | WindowedTexts | TextsBeside) -> NDArray[np.int64]:
    """Tokens of each text that `read_logits` computes; shape (texts,)."""
    return texts.texts.lengths if isinstance(texts, TextsBeside) else texts.lengths


def encode_side(block: DenseBlock, batch: Batch) -> NDArray[np.float32]:
    """The side inputs of a batch, shape (len(batch), columns).

    `DenseBlock` makes rows of length 1, as a regularised linear head wants them; here each column
    that varies has a mean square of 1 over the training rows, on average, as layers want them.
    """
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

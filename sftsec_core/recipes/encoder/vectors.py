"""Texts to the vectors of an encoder that is not trained: the means of their tokens' vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sftsec_core.recipes.encoder.encoder import length_buckets, mean_pool
from sftsec_core.recipes.encoder.packing import mean_within, to_device
from sftsec_core.recipes.encoder.windows import encode_windows, pooling_weights, windows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.recipes.encoder.precision import Computing
    from sftsec_core.recipes.reading import Pooling, Reading
    from sftsec_core.recipes.window_selector import WindowSelector

EMBEDDED_TOKENS = 2048  # of a batch; padded to its longest text, where it is not packed


def embed(
    texts: Sequence[str],
    tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
    computing: Computing,
    *,
    reading: Reading,
    selector: WindowSelector | None = None,
    layers: Sequence[int] = (-1,),
    poolings: Sequence[Pooling] = ("mean",),
) -> NDArray[np.float32]:
    """Turn texts into the means of their token vectors, pooled over their windows.

    Packed, a text has one vector whatever shares its batch; padded, the order of sums differs.

    Args:
        texts: any strings, the empty one too; equal texts are computed once.
        tokenizer: of the encoder.
        computing: the encoder, in evaluation mode, on the device to compute on.
        reading: what is read of a text.
        selector: ranks the windows of a text that has more.
        layers: whose vectors to take: 0 the word embeddings, 1 the first layer, -1 the last.
        poolings: how windows become one; equal for a text of one window.

    Returns:
        Shape (len(poolings), len(texts), len(layers), hidden size), in the texts' order.
    """
    unique = list(dict.fromkeys(texts))
    config: Any = computing.encoder.config
    shape = (len(poolings), len(unique), len(layers), config.hidden_size)
    out = np.zeros(shape, dtype=np.float32)
    out[[pooling == "max" for pooling in poolings]] = -np.inf
    device = next(computing.encoder.parameters()).device
    for start in range(0, len(unique), 16384):  # bounds the token ids that are held at once
        block = encode_windows(unique[start : start + 16384], tokenizer, reading, selector)
        rows, owner = windows_of(block)
        weights = {pooling: pooling_weights(block, pooling) for pooling in poolings}
        for batch in length_buckets(rows.lengths.tolist(), EMBEDDED_TOKENS):
            tensors = computing.collator.tensors(rows.take(np.array(batch)))
            found = _means(computing.encoder, to_device(tensors, device), layers)
            for one, pooling in zip(out, poolings, strict=True):
                add = np.maximum if pooling == "max" else np.add
                add.at(one, start + owner[batch], found * weights[pooling][batch, None, None])
    where = {text: i for i, text in enumerate(unique)}
    return out[:, [where[text] for text in texts]]


@torch.inference_mode()
def _means(
    encoder: torch.nn.Module, tensors: Mapping[str, Any], layers: Sequence[int]
) -> NDArray[np.float32]:
    hidden = encoder(**tensors, output_hidden_states=True).hidden_states
    if "bounds" in tensors:
        means = [mean_within(hidden[layer][0], tensors["bounds"]) for layer in layers]
    else:
        means = [mean_pool(hidden[layer], tensors["attention_mask"]) for layer in layers]
    array: NDArray[np.float32] = torch.stack(means, dim=1).float().cpu().numpy()
    return array

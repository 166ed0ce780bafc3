"""Texts as the vectors of their tokens, with gradients and with the tokens' places in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sftsec_core.api.contracts import EmbeddedText
from sftsec_core.recipes.encoder.architecture import filling_id
from sftsec_core.recipes.encoder.token_pooling import pool_tokens
from sftsec_core.recipes.encoder.windows import placed_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sftsec_core.recipes.encoder.classifier import PooledClassifier
    from sftsec_core.recipes.encoder.windows import PlacedText


def embed_text(
    module: PooledClassifier,
    placed: PlacedText,
    tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
    side: torch.Tensor | None,
    *,
    bf16: bool = False,
) -> EmbeddedText:
    """The token vectors of one text, and the rest of the network as a function of them.

    The baseline has the tokenizer's mask in the place of each token, or padding where it has none;
    special tokens stay.

    Args:
        module: in evaluation mode.
        placed: the text's windows.
        tokenizer: of the encoder.
        side: the numbers and categories beside it, shape (1, columns); None without any.
        bf16: whether the encoder computes in bfloat16, as it does to score.
    """
    device = module.head.weight.device
    filling = filling_id(module.encoder.config, module.encoder)
    nothing = tokenizer.mask_token_id if tokenizer.mask_token_id is not None else filling
    longest = max(map(len, placed.windows))
    ids = np.full((len(placed.windows), longest), filling, dtype=np.int64)
    mask, blank = np.zeros_like(ids), ids.copy()
    for row, (window, places) in enumerate(zip(placed.windows, placed.spans, strict=True)):
        ids[row, : len(window)], mask[row, : len(window)] = window, 1
        empty = [start == end for start, end in places]
        blank[row, : len(window)] = np.where(empty, window, nothing)
    table = module.encoder.get_input_embeddings()  # type: ignore[operator]
    with torch.no_grad():
        vectors, baseline = (table(torch.from_numpy(each).to(device)) for each in (ids, blank))
    spans = [[*each, *[(0, 0)] * (longest - len(each))] for each in placed.spans]
    given = torch.from_numpy(mask).to(device)
    scores = torch.from_numpy(placed.scores).to(device)
    return EmbeddedText(vectors, baseline, spans, _rest(module, given, scores, side, bf16=bf16))


def _rest(
    module: PooledClassifier,
    mask: torch.Tensor,
    scores: torch.Tensor,
    side: torch.Tensor | None,
    *,
    bf16: bool,
) -> Callable[[torch.Tensor], torch.Tensor]:
    """What the network makes of vectors, shape (n, windows, tokens, width)."""

    def logits(vectors: torch.Tensor) -> torch.Tensor:
        count, windows = vectors.shape[:2]
        masks = mask.repeat(count, 1)
        with torch.autocast(vectors.device.type, torch.bfloat16, enabled=bf16):
            found = module.encoder(inputs_embeds=vectors.flatten(0, 1), attention_mask=masks)
        hidden = found.last_hidden_state.float()
        pooled = pool_tokens(hidden, module.tokens, {"attention_mask": masks})
        if windows > 1:
            counts = torch.full((count,), windows, device=vectors.device)
            pooled = module.windows(pooled, counts, scores.repeat(count))
        beside = None if side is None else side.expand(count, -1)
        return module.classify(pooled.to(module.head.weight.dtype), beside)

    return logits


def embed_batch(
    module: PooledClassifier,
    texts: Sequence[str],
    side: torch.Tensor | None,
    reading: tuple[Any, Any, Any],
    *,
    bf16: bool = False,
) -> list[EmbeddedText] | None:
    """Each text as vectors; None where the encoder takes none, or its tokens have no places.

    Args:
        module: in evaluation mode.
        texts: any.
        side: shape (len(texts), columns); None without any.
        reading: the tokenizer, what is read of a text, and what ranks its windows.
        bf16: whether the encoder computes in bfloat16, as it does to score.
    """
    tokenizer = reading[0]
    if module.graph is not None or not tokenizer.is_fast or not _takes_vectors(module):
        return None
    found = []
    for row, placed in enumerate(placed_windows(texts, *reading)):
        own = None if side is None else side[row : row + 1]
        found.append(embed_text(module, placed, tokenizer, own, bf16=bf16))
    return found


def _takes_vectors(module: PooledClassifier) -> bool:
    from inspect import signature

    return "inputs_embeds" in signature(module.encoder.forward).parameters

"""Texts of one batch end to end, without padding: a token attends to those of its own text only.

A batch of short strings is half padding, and the mask that hides it keeps a GPU from its fast
attention kernels. Packed, the same batch is one row, with the bounds of its texts beside it; a
GPU's kernel is torch's variable-length flash attention (Dao 2023), and a CPU attends to neighbours
of one length at once. What is computed of a text then has the shape of that text alone, so that its
vector does not depend on what shares the batch. Whether an encoder gives the same
vectors packed as it does padded is tried, not assumed: one whose positions or attention are of
another kind is trained and read padded. A packed batch has no dropout of attention weights, which
the fast kernels lack.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface

from sftsec_core.recipes.encoder.architecture import filling_id
from sftsec_core.recipes.encoder.data import EncodedTexts, pad_rows
from sftsec_core.recipes.encoder.side import TextsBeside
from sftsec_core.recipes.encoder.windows import WindowedTexts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sftsec_core.recipes.encoder.data import LabelledTexts

Module = TypeVar("Module", bound=torch.nn.Module)
PACKED = "sftsec_packed"
PADDED = "sdpa"
NOT_PACKED = ("sliding_window", "softcap", "s_aux")  # what attention may be asked for beside
TRIED_TOKENS = (7, 30, 3, 192)  # of the texts that decide whether an encoder can be packed
TOLERANCE = 1e-3  # of the vectors' largest value, in float32: another order of the same sums


def pack_rows(texts: EncodedTexts, *, first_position: int = 0) -> dict[str, Any]:
    """Lay texts end to end.

    Args:
        texts: at least one, none empty.
        first_position: the position of a text's first token, as the encoder counts.

    Returns:
        `input_ids` and `position_ids` (int64, shape (1, tokens)), `bounds` (int32, shape
        (texts + 1,): text i is tokens bounds[i] to bounds[i + 1]), and `longest`, in tokens.
    """
    starts = np.repeat(texts.offsets[:-1], texts.lengths)
    positions = np.arange(len(texts.flat), dtype=np.int64) - starts + first_position
    return {
        "input_ids": torch.from_numpy(texts.flat.astype(np.int64))[None],
        "position_ids": torch.from_numpy(positions)[None],
        "bounds": torch.from_numpy(texts.offsets.astype(np.int32)),
        "longest": int(texts.lengths.max()),
    }


@dataclass(frozen=True, slots=True)
class Collator:
    """Makes tensors of a batch: packed where the encoder can be, else padded to the longest text.

    Attributes:
        pad_id: fills a padded row.
        first_position: of `position_to_pack`; None: padded.
    """

    pad_id: int
    first_position: int | None = None

    def tensors(self, texts: EncodedTexts | WindowedTexts | TextsBeside) -> dict[str, Any]:
        """What `PooledClassifier.forward` takes; see `pad_rows` and `pack_rows`.

        Where a text has several windows, `windows` (int64, shape (texts,)) tells how many each has,
        and `scores` (float32, shape (windows,)) is that of `WindowedTexts`; where it has numbers or
        categories beside it, they are `side` (float32, shape (texts, columns)).
        """
        if isinstance(texts, TextsBeside):
            own = self.tensors(texts.texts.take(texts.of))
            return {**own, "side": torch.from_numpy(texts.side)}
        if isinstance(texts, WindowedTexts):
            counts = torch.from_numpy(np.diff(texts.bounds))
            scores = torch.from_numpy(texts.scores)
            return {**self.tensors(texts.rows), "windows": counts, "scores": scores}
        if self.first_position is None:
            return pad_rows(texts, self.pad_id)
        return pack_rows(texts, first_position=self.first_position)

    def __call__(self, batch: LabelledTexts) -> dict[str, Any]:
        """Return those and `labels` (int64) and `weights` (float32), shape (texts,)."""
        return {
            **self.tensors(batch.encoded),
            "labels": torch.from_numpy(batch.labels),
            "weights": torch.from_numpy(batch.weights),
        }


def to_device(tensors: Mapping[str, Any], device: torch.device) -> dict[str, Any]:
    """Put a batch's tensors on a device; what is no tensor stays as it is."""
    return {
        name: value.to(device, non_blocking=True) if isinstance(value, torch.Tensor) else value
        for name, value in tensors.items()
    }


def attend_within(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    _mask: None,
    *,
    bounds: torch.Tensor,
    longest: int,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **others: object,
) -> tuple[torch.Tensor, None]:
    """Attention of packed texts, as transformers' attention interface wants it.

    In 16 bits on a GPU one kernel for all texts; else one for each run of texts of one length.

    Args:
        module: tells whether a token sees those before it only, where `is_causal` does not.
        query: shape (1, heads, tokens, head size).
        key: likewise, of as many heads or of a part of them, each for several of the query's.
        value: as key.
        bounds: of `pack_rows`.
        longest: of `pack_rows`.
        scaling: of the scores; default: one over the root of the head size.
        is_causal: whether a token sees those before it only.
        others: what else an encoder asks of its attention.

    Returns:
        Shape (1, tokens, heads, head size).

    Raises:
        ValueError: for a layer that sees neighbours only, or whose scores are not plain: such an
            encoder is read padded.
    """
    asked = [name for name in NOT_PACKED if others.get(name) is not None]
    if asked:
        raise ValueError(f"layers with {', '.join(asked)} are not packed")
    causal = bool(getattr(module, "is_causal", False)) if is_causal is None else is_causal
    shares = query.shape[1] // key.shape[1]
    if shares > 1:
        key, value = (each.repeat_interleave(shares, dim=1) for each in (key, value))
    q, k, v = (tensor[0].transpose(0, 1) for tensor in (query, key, value))
    if query.is_cuda and query.dtype != torch.float32:
        from torch.nn.attention.varlen import varlen_attn

        seen = (-1, 0) if causal else (-1, -1)
        found = varlen_attn(
            q, k, v, bounds, bounds, longest, longest, scale=scaling, window_size=seen
        )
        return torch.as_tensor(found)[None], None
    parts, start = [], 0
    for length, run in groupby(torch.diff(bounds).tolist()):
        count = len(list(run))
        texts = slice(start, start + count * length)
        alike = (count, length, *q.shape[1:])
        # In float32: back through 16 bits this kernel takes a CPU five times as long.
        one, other, third = (t[texts].view(alike).transpose(1, 2).float() for t in (q, k, v))
        found = functional.scaled_dot_product_attention(
            one, other, third, scale=scaling, is_causal=causal
        )
        parts.append(found.transpose(1, 2).flatten(0, 1).to(query.dtype))
        start = texts.stop
    return torch.cat(parts)[None], None


AttentionInterface.register(PACKED, attend_within)
AttentionMaskInterface.register(PACKED, lambda *_, **__: None)


def mean_within(hidden: torch.Tensor, bounds: torch.Tensor) -> torch.Tensor:
    """Average the token vectors of each packed text.

    Args:
        hidden: shape (tokens, dim).
        bounds: of `pack_rows`.

    Returns:
        Shape (texts, dim), float32.
    """
    lengths = torch.diff(bounds).long()
    return torch.segment_reduce(hidden.float(), "mean", lengths=lengths, unsafe=True)


def sharing_copy(module: Module) -> Module:
    """A copy of a module's structure, whose parameters and buffers are the module's own."""
    shared = {id(each): each for each in (*module.parameters(), *module.buffers())}
    return copy.deepcopy(module, shared)


def position_to_pack(encoder: torch.nn.Module) -> int | None:
    """Find out whether an encoder reads packed texts as it reads padded ones.

    Args:
        encoder: in float32; it is left as it was.

    Returns:
        The position of a text's first token (RoBERTa's kind starts after the padding's id); None
        when it cannot be packed.
    """
    config: Any = encoder.config
    if getattr(config, "_attn_implementation", None) != PADDED:
        return None
    random = np.random.default_rng(0)
    longest = int(getattr(config, "max_position_embeddings", TRIED_TOKENS[-1])) // 2
    lengths = [min(tokens, longest) for tokens in TRIED_TOKENS]
    rows = [random.integers(5, config.vocab_size, length, dtype=np.int32) for length in lengths]
    for first in dict.fromkeys((0, filling_id(config, encoder) + 1)):
        if _reads_alike(encoder, rows, first):
            return first
    return None


def _reads_alike(encoder: Any, rows: list[Any], first: int) -> bool:  # noqa: ANN401 - transformers'
    device = next(encoder.parameters()).device
    texts = EncodedTexts.of_rows(rows)
    training = encoder.training
    encoder.eval()
    try:
        with torch.inference_mode():
            padded = pad_rows(texts, filling_id(encoder.config, encoder))
            wanted = encoder(**to_device(padded, device)).last_hidden_state.cpu()
            encoder.set_attn_implementation(PACKED)
            packed = to_device(pack_rows(texts, first_position=first), device)
            found = encoder(**packed).last_hidden_state[0].cpu()
    except (TypeError, ValueError, RuntimeError, IndexError, AttributeError):
        return False  # an encoder that knows no positions, or no attention but its own
    finally:
        encoder.set_attn_implementation(PADDED)
        encoder.train(training)
    wanted = wanted[padded["attention_mask"].bool()]
    return bool((found - wanted).abs().max() <= TOLERANCE * wanted.abs().max())

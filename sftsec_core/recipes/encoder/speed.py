"""How long training will take, from a few steps on this very machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from sftsec_core.recipes.encoder.classifier import TOKENS_PER_BATCH
from sftsec_core.recipes.encoder.data import LengthBucketSampler
from sftsec_core.recipes.encoder.encoder import pick_device
from sftsec_core.recipes.encoder.packing import to_device

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.recipes.encoder.classifier import PooledClassifier
    from sftsec_core.recipes.encoder.data import EncodedTexts
    from sftsec_core.recipes.encoder.precision import Twin
    from sftsec_core.recipes.encoder.side import TextsBeside
    from sftsec_core.recipes.encoder.windows import WindowedTexts

PROBES = 5  # batches timed, from the least to the most work
FORWARD_SHARE = 1 / 3  # of a training step: the backward pass costs two forward passes


@dataclass(frozen=True, slots=True)
class Speed:
    """A training step costs `per_step_s` plus `per_token_s` for each token, padding included."""

    per_step_s: float
    per_token_s: float

    def epoch_s(self, lengths: NDArray[np.int64], rows: int, *, packed: bool = False) -> float:
        """Seconds to train once on texts of these lengths, in tokens, `rows` of them a step."""
        batches = LengthBucketSampler(lengths, rows, seed=0, packed=packed).batches()
        if packed:
            tokens = int(lengths.sum())
        else:
            tokens = sum(len(batch) * int(lengths[batch].max()) for batch in batches)
        return len(batches) * self.per_step_s + tokens * self.per_token_s

    def scoring_s(self, lengths: NDArray[np.int64], budget: int) -> float:
        """Seconds to score texts of these lengths once, `budget` tokens at a time."""
        tokens = int(lengths.sum())
        steps = -(-tokens // budget)
        return (steps * self.per_step_s + tokens * self.per_token_s) * FORWARD_SHARE


def scoring_budget() -> int:
    """Tokens that are scored at a time on the device at hand."""
    return TOKENS_PER_BATCH[pick_device().type]


def measure_speed(
    module: PooledClassifier,
    twin: Twin,
    encoded: EncodedTexts | WindowedTexts | TextsBeside,
    rows: int,
) -> Speed:
    """Time training steps on batches from the least to the most work; about a second in all.

    The steps have a learning rate of 0: the module is as it was afterwards.

    Args:
        module: on the device that it will be trained on.
        twin: that computes for it.
        encoded: training texts, or a sample of them; at least one.
        rows: examples a step.
    """
    trained = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0.0, weight_decay=0.0)
    packed = twin.mixes_lengths
    batches = [encoded.take(indices) for indices in _probes(encoded.lengths, rows, packed)]
    twin.module.train()
    # The first steps also allocate and choose kernels, on a GPU those of each size.
    for batch in batches if module.head.weight.is_cuda else batches[:1]:
        _timed_step(module, twin, batch, optimizer)
    seconds = [_timed_step(module, twin, batch, optimizer) for batch in batches]
    optimizer.zero_grad(set_to_none=True)
    return _fit([_computed_tokens(batch, packed=packed) for batch in batches], seconds)


def _probes(lengths: NDArray[np.int64], rows: int, packed: bool) -> list[NDArray[np.int64]]:
    if packed:  # batches are alike: parts of one tell what a step costs, and what a token
        batch = LengthBucketSampler(lengths, rows, seed=0, packed=True).batches()[0]
        return [batch[: max(1, len(batch) * part // PROBES)] for part in range(1, PROBES + 1)]
    batches = LengthBucketSampler(lengths, rows, seed=0).batches()
    batches.sort(key=lambda batch: lengths[batch].max())
    return [batches[i] for i in np.linspace(0, len(batches) - 1, PROBES).round().astype(int)]


def _computed_tokens(texts: EncodedTexts | WindowedTexts | TextsBeside, *, packed: bool) -> int:
    return int(texts.lengths.sum()) if packed else len(texts) * int(texts.lengths.max())


def _timed_step(
    module: PooledClassifier,
    twin: Twin,
    texts: EncodedTexts | WindowedTexts | TextsBeside,
    optimizer: torch.optim.Optimizer,
) -> float:
    device = module.head.weight.device
    started = time.perf_counter()
    twin.refresh()
    logits = twin.module(**to_device(twin.collator.tensors(texts), device))
    target = torch.zeros(len(texts), dtype=torch.long, device=device)
    functional.cross_entropy(logits.float(), target).backward()  # type: ignore[no-untyped-call]
    twin.hand_back()
    torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def _fit(tokens: Sequence[int], seconds: Sequence[float]) -> Speed:
    """Lay a line through the measurements; neither of its terms may be negative."""
    x, y = np.asarray(tokens, dtype=np.float64), np.asarray(seconds)
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread else 0.0
    slope = min(max(slope, 0.0), float(y.mean() / x.mean()))
    return Speed(per_step_s=float(y.mean() - slope * x.mean()), per_token_s=slope)

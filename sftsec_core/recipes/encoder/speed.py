"""How long training will take, from a few steps on this very machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from sftsec_core.recipes.encoder.data import LengthBucketSampler, pad_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.recipes.encoder.classifier import PooledClassifier
    from sftsec_core.recipes.encoder.data import EncodedTexts

PROBES = 5  # batches timed, from the shortest to the longest
FORWARD_SHARE = 1 / 3  # of a training step: the backward pass costs two forward passes


@dataclass(frozen=True, slots=True)
class Speed:
    """A training step costs `per_step_s` plus `per_token_s` for each token, padding included."""

    per_step_s: float
    per_token_s: float

    def epoch_s(self, lengths: NDArray[np.int64], batch_size: int) -> float:
        """Seconds to train once on texts of these lengths, in tokens."""
        batches = _batches(lengths, batch_size)
        tokens = sum(len(batch) * int(lengths[batch].max()) for batch in batches)
        return len(batches) * self.per_step_s + tokens * self.per_token_s

    def scoring_s(self, lengths: NDArray[np.int64], batch_size: int) -> float:
        """Seconds to score texts of these lengths once."""
        return self.epoch_s(lengths, batch_size) * FORWARD_SHARE


def _batches(lengths: NDArray[np.int64], batch_size: int) -> list[NDArray[np.int64]]:
    return LengthBucketSampler(lengths, batch_size, seed=0).batches()


def measure_speed(
    module: PooledClassifier, encoded: EncodedTexts, batch_size: int, *, bf16: bool
) -> Speed:
    """Time training steps on batches from the shortest to the longest; about a second in all.

    The steps have a learning rate of 0: the module is as it was afterwards.

    Args:
        module: on the device that it will be trained on.
        encoded: training texts, or a sample of them; at least one.
        batch_size: examples a step.
        bf16: whether training uses it.
    """
    batches = sorted(_batches(encoded.lengths, batch_size), key=lambda b: encoded.lengths[b].max())
    chosen = [batches[i] for i in np.linspace(0, len(batches) - 1, PROBES).round().astype(int)]
    trained = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0.0, weight_decay=0.0)
    rows = [[encoded[int(i)] for i in batch] for batch in chosen]
    module.train()
    _timed_step(module, rows[0], optimizer, bf16=bf16)  # the first one also allocates
    seconds = [_timed_step(module, batch, optimizer, bf16=bf16) for batch in rows]
    optimizer.zero_grad(set_to_none=True)
    return _fit([len(batch) * max(map(len, batch)) for batch in rows], seconds)


def _timed_step(
    module: PooledClassifier,
    rows: Sequence[NDArray[np.int32]],
    optimizer: torch.optim.Optimizer,
    *,
    bf16: bool,
) -> float:
    device = module.head.weight.device
    started = time.perf_counter()
    batch = {name: tensor.to(device) for name, tensor in pad_rows(rows, 0).items()}
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16):
        logits = module(**batch)["logits"]
    target = torch.zeros(len(rows), dtype=torch.long, device=device)
    functional.cross_entropy(logits.float(), target).backward()  # type: ignore[no-untyped-call]
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

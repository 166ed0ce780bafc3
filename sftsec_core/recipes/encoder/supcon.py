"""Supervised contrastive tuning: texts of one class closer together, those of others apart.

The loss is that of Khosla et al., "Supervised Contrastive Learning" (2020), equation 2: all pairs
of a batch at once, so that no list of pairs is made as SetFit (Tunstall et al., 2022) does. Batches
hold as many texts of each class; the number of steps is fixed, whatever the number of labels.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.encoder.architecture import filling_id
from sftsec_core.recipes.encoder.classifier_parts import set_dropout
from sftsec_core.recipes.encoder.encoder import depth, mean_pool
from sftsec_core.recipes.encoder.packing import (
    PACKED,
    PADDED,
    Collator,
    mean_within,
    to_device,
)
from sftsec_core.recipes.encoder.precision import packed_from, use_bf16
from sftsec_core.recipes.encoder.windows import encode_windows, windows_of
from sftsec_core.recipes.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.recipes.config import ContrastiveConfig

_WARMUP = 0.1  # of the steps
_SAME = -1e9  # a text is no partner of its own


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """What is tuned on.

    Attributes:
        texts: n of them.
        classes: the class of each, shape (n,).
        trust: how often a text is drawn, beside others of its class; above 0, shape (n,).
    """

    texts: Sequence[str]
    classes: NDArray[np.int64]
    trust: NDArray[np.float64]


def supervised_contrastive(
    vectors: torch.Tensor, classes: torch.Tensor, temperature: float
) -> torch.Tensor:
    """The mean over anchors of the log-likelihood of their partners, negated (Khosla 2020, eq. 2).

    Args:
        vectors: shape (rows, dim), of any length: they are made unit vectors.
        classes: shape (rows,); rows of one class are partners. One without partners counts 0.
        temperature: above 0; the smaller, the more the nearest others count.

    Returns:
        A scalar, float32.
    """
    unit = functional.normalize(vectors.float(), dim=1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    likeness = (unit @ unit.T / temperature).masked_fill(itself, _SAME)
    log_share = likeness - torch.logsumexp(likeness, dim=1, keepdim=True)
    partners = (classes[:, None] == classes[None, :]) & ~itself
    anchors = (log_share * partners).sum(dim=1) / partners.sum(dim=1).clamp(min=1)
    return -anchors.mean()


def balanced_batch(rows: LabelledRows, size: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Draw about `size` rows, as many of each class and two at least; shape (drawn,).

    Of more classes than `size / 2` some are drawn. A class with fewer rows repeats them: dropout
    then makes two views of one text (Gao et al., SimCSE, 2021).
    """
    present = np.unique(rows.classes)
    chosen = random.permutation(present)[: max(2, size // 2)]
    each = max(2, size // len(chosen))
    drawn = []
    for number in chosen:
        own = np.flatnonzero(rows.classes == number)
        odds = rows.trust[own] / rows.trust[own].sum()
        drawn.append(random.choice(own, each, replace=len(own) < each, p=odds))
    return np.concatenate(drawn).astype(np.int64)


def tune(
    encoder: nn.Module,
    tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
    rows: LabelledRows,
    config: ContrastiveConfig,
    *,
    seed: int,
    until: float | None = None,
    log: Callable[[int, Mapping[str, float]], None] = lambda _step, _values: None,
) -> int:
    """Tune an encoder in place; its lowest layers stay as they are.

    Args:
        encoder: on the device to compute on; left in evaluation mode, without gradients.
        tokenizer: of the encoder.
        rows: of two classes at least.
        config: steps, batch, rate, temperature.
        seed: of the batches; dropout draws from torch's generator.
        until: when to stop early, by `time.monotonic()`.
        log: told of the loss of each step.

    Returns:
        The steps that were taken, one at least.

    Raises:
        TrainingError: when the loss is no number any more.
    """
    trained = _open_upper_layers(encoder, config.frozen)
    encoder.train()
    set_dropout(encoder, config.dropout)
    optimizer = torch.optim.AdamW(trained, lr=config.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, config.steps))
    # The first window of each text: its class is told of the whole, and some windows tell nothing.
    encoded = encode_windows(rows.texts, tokenizer, Reading.of(config.encoder).at_most(1))
    random, device = np.random.default_rng(seed), next(encoder.parameters()).device
    lengths = windows_of(encoded)[0].lengths
    step, bf16 = 0, use_bf16(config.encoder.precision)
    collator = _collator(tokenizer, encoder, bf16=bf16)
    while step < config.steps and not (step and until and time.monotonic() > until):
        drawn = balanced_batch(rows, config.batch_size, random)
        # A CPU attends to packed neighbours of one length at once.
        drawn = drawn[np.argsort(lengths[drawn], kind="stable")]
        windows = windows_of(encoded.take(drawn))[0]
        pooled = _pooled(encoder, to_device(collator.tensors(windows), device), bf16)
        classes = torch.from_numpy(rows.classes[drawn]).to(device)
        loss = supervised_contrastive(pooled, classes, config.temperature)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        step += 1
        figure = float(loss.detach())
        _require_finite(figure)
        log(step, {"loss": figure})
    if collator.first_position is not None:
        encoder.set_attn_implementation(PADDED)  # type: ignore[operator]
    encoder.eval().requires_grad_(False)
    return step


def _collator(tokenizer: Any, encoder: nn.Module, *, bf16: bool) -> Collator:  # noqa: ANN401 - see tune
    """Set an encoder to read packed texts, where it can; what makes its tensors."""
    first = packed_from(encoder, bf16=bf16)
    if first is not None:
        encoder.set_attn_implementation(PACKED)  # type: ignore[operator]
    return Collator(filling_id(tokenizer, encoder), first)


def _pooled(encoder: nn.Module, tensors: Mapping[str, Any], bf16: bool) -> torch.Tensor:
    kind = tensors["input_ids"].device.type
    with torch.autocast(kind, dtype=torch.bfloat16, enabled=bf16):
        hidden = encoder(**tensors).last_hidden_state
    if "bounds" in tensors:
        return mean_within(hidden[0], tensors["bounds"])
    return mean_pool(hidden, tensors["attention_mask"])


def _open_upper_layers(encoder: nn.Module, frozen: float) -> list[nn.Parameter]:
    """Let the layers above the frozen part learn; their parameters."""
    count = depth(encoder)
    stacks = (m for m in encoder.modules() if isinstance(m, nn.ModuleList) and len(m) == count)
    layers = next(stacks, None)
    if layers is None:
        encoder.requires_grad_(True)
        return list(encoder.parameters())
    encoder.requires_grad_(False)
    upper = layers[int(frozen * count) :]
    for layer in upper:
        layer.requires_grad_(True)
    return [parameter for layer in upper for parameter in layer.parameters()]


def _rate(step: int, steps: int) -> float:
    """Up to the full rate over the first tenth, then down to 0."""
    return min(1.0, (step + 1) / max(1.0, _WARMUP * steps)) * (1 - step / steps)


def _require_finite(loss: float) -> None:
    if not np.isfinite(loss):
        raise TrainingError("training diverged: lower learning_rate of the recipe")

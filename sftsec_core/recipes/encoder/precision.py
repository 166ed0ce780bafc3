"""What computes for a module: a copy that reads packed texts, in 16 bits where that is faster."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import torch

from sftsec_core.recipes.encoder.architecture import filling_id
from sftsec_core.recipes.encoder.encoder import half_precision, pick_device
from sftsec_core.recipes.encoder.packing import PACKED, Collator, position_to_pack, sharing_copy

if TYPE_CHECKING:
    from torch import nn

    from sftsec_core.recipes.encoder.classifier import PooledClassifier

log = logging.getLogger(__name__)
Precision = Literal["auto", "fp32", "bf16"]


def use_bf16(precision: Precision) -> bool:
    """Whether to compute in bfloat16 on the device at hand: where it is in hardware, unless "fp32".

    Where a setting, or a model that was trained elsewhere, asks for "bf16" and the hardware lacks
    it, a warning says so, once a process.
    """
    if precision == "fp32":
        return False
    device = pick_device()
    found = half_precision(device)
    if not found and precision == "bf16":
        _say_float32(device.type)
    return found


def settled(precision: Precision) -> Literal["fp32", "bf16"]:
    """What a saved model keeps: what "auto" has come to here; else what was asked for."""
    if precision == "auto":
        return "bf16" if use_bf16(precision) else "fp32"
    return precision


@cache
def _say_float32(kind: str) -> None:
    log.warning(
        "this %s does not multiply bfloat16: what was trained or asked for in bf16 is computed in "
        "fp32, and its probabilities differ slightly",
        kind.upper(),
    )


def packed_from(encoder: nn.Module, *, bf16: bool) -> int | None:
    """The position of a packed text's first token; None where an encoder reads padded texts.

    Args:
        encoder: in float32, on its device.
        bf16: whether it will compute in 16 bits: a GPU's kernel for packed texts is of those alone.
    """
    device = next(encoder.parameters()).device.type
    if device == "mps" or (device == "cuda" and not bf16):
        return None
    return position_to_pack(encoder)


@dataclass(frozen=True, slots=True)
class Computing:
    """An encoder as it computes: reading packed texts where it can, in 16 bits where it may.

    Attributes:
        encoder: in bfloat16 a copy of the one it is made of; else one that shares its weights.
        collator: makes the tensors that it reads.
        precision: what it computes in.
    """

    encoder: nn.Module
    collator: Collator
    precision: Literal["fp32", "bf16"]

    @classmethod
    def of(
        cls,
        encoder: nn.Module,
        tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
        precision: Precision,
    ) -> Computing:
        """Make it of an encoder in float32, on its device.

        On a CPU "auto" is bfloat16 only for packed texts: padded ones would get another probability
        with other texts beside them, by up to 0.01.
        """
        bf16 = use_bf16(precision)
        first = packed_from(encoder, bf16=bf16)
        if precision == "auto" and next(encoder.parameters()).device.type == "cpu":
            bf16 = bf16 and first is not None
        made = copy.deepcopy(encoder).to(torch.bfloat16) if bf16 else sharing_copy(encoder)
        if first is not None:
            made.set_attn_implementation(PACKED)  # type: ignore[operator]
        collator = Collator(filling_id(tokenizer, encoder), first)
        return cls(made, collator, "bf16" if bf16 else "fp32")


class Twin:
    """Computes for a float32 module, whose weights are what is trained, kept and saved.

    In bfloat16 its encoder is a copy. Unlike autocast it keeps what flows between the layers in 16
    bits too, and casts each weight once a step. Sums within a layer are still of float32, and so
    are pooling, head, loss and optimizer: a step smaller than a weight's last bit would be lost
    (Micikevicius 2018), and near probabilities would be equal. In float32 all weights are shared.

    Attributes:
        module: computes; its attention reads packed texts where it can.
        precision: what it computes in, "bf16" or "fp32".
        collator: makes the tensors that `module` reads.
    """

    def __init__(
        self,
        module: PooledClassifier,
        tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
        *,
        precision: Precision,
    ) -> None:
        """Make the twin of a module, which must stay on its device; see `Computing`."""
        computing = Computing.of(module.encoder, tokenizer, precision)
        self.precision, self.collator = computing.precision, computing.collator
        self.module = sharing_copy(module)
        self.module.encoder = computing.encoder
        both = zip(self.module.parameters(), module.parameters(), strict=True)
        copied = [pair for pair in both if pair[0] is not pair[1] and pair[1].requires_grad]
        self._computing: list[torch.Tensor] = [computing for computing, _ in copied]
        self._trained: list[torch.Tensor] = [trained for _, trained in copied]

    @property
    def mixes_lengths(self) -> bool:
        """Whether a step takes texts of all lengths, packed: on a GPU, whose kernel takes any.

        A CPU attends to texts of one length at once, so a step takes those of like length.
        """
        on_gpu = self.module.head.weight.is_cuda
        return on_gpu and self.collator.first_position is not None

    @torch.no_grad()
    def refresh(self) -> None:
        """Take over the weights that the module has now."""
        if self._computing:
            torch._foreach_copy_(self._computing, self._trained)

    @torch.no_grad()
    def hand_back(self) -> None:
        """Add the gradients to the module's, in float32, and forget them here."""
        for trained, twin in zip(self._trained, self._computing, strict=True):
            if twin.grad is not None:
                new = twin.grad.float()
                trained.grad = new if trained.grad is None else trained.grad.add_(new)
                twin.grad = None

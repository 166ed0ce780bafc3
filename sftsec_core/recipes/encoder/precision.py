"""What computes for a module: the module itself, or its twin of 16 bits on packed texts."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch

from sftsec_core.recipes.encoder.encoder import half_precision, pick_device
from sftsec_core.recipes.encoder.packing import PACKED, Collator, position_to_pack

if TYPE_CHECKING:
    from sftsec_core.recipes.encoder.classifier import PooledClassifier


def use_bf16(precision: str = "auto") -> bool:
    """Whether to compute in bfloat16 on the device at hand.

    Args:
        precision: "auto": on a GPU that multiplies it; a CPU stays in float32, so that a seed gives
            the same model on those with and without it. "bf16": on either, where it is in
            hardware. "fp32": never.
    """
    device = pick_device()
    wanted = precision == "bf16" or (precision == "auto" and device.type == "cuda")
    return wanted and half_precision(device)


class Twin:
    """Computes for a float32 module, whose weights are what is trained, kept and saved.

    In bfloat16 it is a copy of the module. Unlike autocast it keeps what flows between the layers
    in 16 bits too, and casts each weight once a step. Sums within a layer are still of float32,
    and so is the optimizer: a step smaller than a weight's last bit would be lost (Micikevicius
    2018). In float32 it is the module itself.

    Attributes:
        module: computes; in bfloat16 on a GPU its attention reads packed texts where it can.
        collator: makes the tensors that `module` reads.
    """

    def __init__(
        self,
        module: PooledClassifier,
        tokenizer: Any,  # noqa: ANN401 - transformers gives it no useful type
        *,
        bf16: bool,
    ) -> None:
        """Make the twin of a module, which must stay on its device."""
        first = None
        self.module = module
        self._trained = [p for p in module.parameters() if p.requires_grad]
        if bf16:
            if module.head.weight.is_cuda:
                first = position_to_pack(module.encoder)
            self.module = copy.deepcopy(module).to(torch.bfloat16)
            if first is not None:
                self.module.encoder.set_attn_implementation(PACKED)  # type: ignore[operator]
        self._computing: list[torch.Tensor] = [
            p for p in self.module.parameters() if p.requires_grad
        ]
        self.collator = Collator(int(tokenizer.pad_token_id or 0), first)

    @property
    def packs(self) -> bool:
        """Whether texts are read without padding."""
        return self.collator.first_position is not None

    @torch.no_grad()
    def refresh(self) -> None:
        """Take over the weights that the module has now."""
        if self._computing and self._computing[0] is not self._trained[0]:
            torch._foreach_copy_(
                list[torch.Tensor](self._computing), list[torch.Tensor](self._trained)
            )

    @torch.no_grad()
    def hand_back(self) -> None:
        """Add the gradients to the module's, in float32, and forget them here."""
        if not self._computing or self._computing[0] is self._trained[0]:
            return
        for trained, twin in zip(self._trained, self._computing, strict=True):
            if twin.grad is not None:
                new = twin.grad.float()
                trained.grad = new if trained.grad is None else trained.grad.add_(new)
                twin.grad = None

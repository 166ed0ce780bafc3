"""Linear layers whose weights are laid out once, as oneDNN multiplies them.

torch multiplies float32 on a CPU with MKL, which lays a layer's weights out again for each product;
where a batch holds few tokens, as a service's do, that is much of the work. oneDNN (the kernels of
`torch.compile`'s CPU backend) takes weights that were laid out before. The results differ in the
last digits of a float32.
"""

from __future__ import annotations

import logging
import platform
from typing import TYPE_CHECKING

import torch
from torch import nn

from sftsec_core.recipes.encoder.packing import sharing_copy

if TYPE_CHECKING:
    from sftsec_core.recipes.encoder.classifier import PooledClassifier

log = logging.getLogger(__name__)
TOLERANCE = 1e-4  # of the largest value: another order of the same sums


class PrepackedLinear(nn.Linear):
    """Computes what a linear layer does, for inference alone; it shares the layer's parameters."""

    def __init__(self, layer: nn.Linear) -> None:
        """Lay out the weights of a float32 layer on the CPU, which stay as they are then.

        Raises:
            RuntimeError: where this torch or this CPU has no such kernel.
            AttributeError: likewise.
        """
        super().__init__(layer.in_features, layer.out_features, bias=False, device="meta")
        self.weight, self.bias = layer.weight, layer.bias
        self._packed = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach(), None)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Map values, shape (..., in), to shape (..., out)."""
        found: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
            input, self._packed, self.bias, "none", [], ""
        )
        return found


def prepacked(module: PooledClassifier) -> PooledClassifier:
    """A copy for inference whose encoder's layers are laid out; the module where that cannot be.

    Args:
        module: frozen, in evaluation mode. The copy shares its parameters and buffers and needs the
            memory of the linear layers' weights once more.
    """
    parameters = list(module.parameters())
    suits = all(each.device.type == "cpu" and each.dtype == torch.float32 for each in parameters)
    if not suits or platform.machine() not in {"x86_64", "AMD64"}:
        return module
    made = sharing_copy(module)
    try:
        with torch.inference_mode():
            _replace_layers(made.encoder)
    except (AttributeError, RuntimeError, NotImplementedError) as error:
        log.info("linear layers are not laid out for oneDNN (%s)", type(error).__name__)
        return module
    return made


def _replace_layers(module: nn.Module) -> None:
    for name, child in module.named_children():
        if type(child) is nn.Linear:
            setattr(module, name, _checked(child))
        else:
            _replace_layers(child)


def _checked(layer: nn.Linear) -> PrepackedLinear:
    """The layer laid out.

    Raises:
        RuntimeError: when it gives other values than the layer.
    """
    made = PrepackedLinear(layer)
    tried = torch.linspace(-1, 1, 2 * layer.in_features).view(2, -1)
    wanted = layer(tried)
    if not bool((made(tried) - wanted).abs().max() <= TOLERANCE * (1 + wanted.abs().max())):
        raise RuntimeError("the kernel gives other values")
    return made

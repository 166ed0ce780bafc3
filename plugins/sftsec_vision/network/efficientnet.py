"""EfficientNet-Lite0: Tan and Le, "EfficientNet: Rethinking Model Scaling", ICML 2019 (B0).

The Lite form has no squeeze-and-excitation and ReLU6 in place of swish, as its release by the
authors says. Convolutions pad as TensorFlow's "SAME" does, since the weights were learned so.
"""

from __future__ import annotations

import math

import torch
from torch import nn

FEATURES = 1280
_EPSILON = 1e-3
# Table 1 of the paper: repeats, kernel, stride, expansion, channels out.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM = 32


class SameConv(nn.Conv2d):
    """A convolution that pads what its stride leaves over, the larger half below and right."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape (n, c, h, w) to (n, out, ceil(h / stride), ceil(w / stride))."""
        pads: list[int] = []
        for axis in (1, 0):
            kernel, stride, length = self.kernel_size[axis], self.stride[axis], x.shape[2 + axis]
            total = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(nn.functional.pad(x, pads))


def _conv(
    inside: int, outside: int, kernel: int, stride: int = 1, *, depthwise: bool = False
) -> nn.Sequential:
    groups = inside if depthwise else 1
    conv = SameConv(inside, outside, kernel, stride, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outside, _EPSILON))


class InvertedResidual(nn.Module):
    """A block: widen, filter each channel, narrow; with its input added where shapes allow."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int, expansion: int) -> None:
        """Take the block's row of the table."""
        super().__init__()
        wide = inside * expansion
        self.expand = _conv(inside, wide, 1) if expansion != 1 else None
        self.filter = _conv(wide, wide, kernel, stride, depthwise=True)
        self.project = _conv(wide, outside, 1)
        self.adds = stride == 1 and inside == outside

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape (n, inside, h, w) to (n, outside, h', w')."""
        wide = x if self.expand is None else nn.functional.relu6(self.expand(x))
        found: torch.Tensor = self.project(nn.functional.relu6(self.filter(wide)))
        return x + found if self.adds else found


class EfficientNetLite0(nn.Module):
    """The network without its classifier: pictures to vectors of `FEATURES`."""

    def __init__(self) -> None:
        """Make it with random weights."""
        super().__init__()
        self.stem = _conv(3, _STEM, 3, 2)
        blocks, inside = [], _STEM
        for repeats, kernel, stride, expansion, outside in _STAGES:
            for index in range(repeats):
                step = stride if index == 0 else 1
                blocks.append(InvertedResidual(inside, outside, kernel, step, expansion))
                inside = outside
        self.blocks = nn.ModuleList(blocks)
        self.head = _conv(inside, FEATURES, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Pictures of shape (n, 3, h, w), values -1 to 1, to vectors, shape (n, FEATURES)."""
        x = nn.functional.relu6(self.stem(x))
        for block in self.blocks:
            x = block(x)
        return nn.functional.relu6(self.head(x)).mean(dim=(2, 3))


def own_name(name: str) -> str | None:
    """Our name of a tensor of the package; None for what belongs to its classifier."""
    if name.startswith("_fc."):
        return None
    for theirs, ours in (
        ("_conv_stem.", "stem.0."),
        ("_bn0.", "stem.1."),
        ("_conv_head.", "head.0."),
        ("_bn1.", "head.1."),
    ):
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    _, block, part, leaf = name.split(".")
    parts = {
        "_expand_conv": "expand.0",
        "_bn0": "expand.1",
        "_depthwise_conv": "filter.0",
        "_bn1": "filter.1",
        "_project_conv": "project.0",
        "_bn2": "project.1",
    }
    return f"blocks.{block}.{parts[part]}.{leaf}"

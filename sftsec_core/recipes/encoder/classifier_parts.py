"""What a fine-tuned encoder's folder holds beside the encoder: the head, and the side inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch.nn import Dropout

from sftsec_core.models.model_format import read_tensors
from sftsec_core.recipes.dense import DenseBlock
from sftsec_core.recipes.encoder.encoder import load_encoder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch
    from torch import nn

    from sftsec_core.recipes.encoder.classifier import PooledClassifier
    from sftsec_core.recipes.reading import Pooling

SIDE = "side.safetensors"
GRAPH = "encoder.onnx"  # of an encoder in 8 bits, in the place of its weights


def load_int8(
    folder: Path, head: Mapping[str, torch.Tensor], pooling: Pooling, columns: int
) -> PooledClassifier:
    """Load an encoder in 8 bits, under a head of these tensors that is to be loaded yet."""
    from sftsec_core.recipes.encoder.int8 import Int8Classifier

    classes, width = head["weight"].shape
    return Int8Classifier((folder / GRAPH).read_bytes(), width, classes, pooling, columns)


def head_tensors(module: PooledClassifier) -> dict[str, torch.Tensor]:
    """Everything but the encoder's; the head's own by their names alone."""
    return {
        name.removeprefix("head."): tensor.detach().cpu()
        for name, tensor in module.state_dict().items()
        if not name.startswith("encoder.")
    }


def load_head(module: PooledClassifier, tensors: Mapping[str, torch.Tensor]) -> None:
    """Put back what `head_tensors` gave.

    Raises:
        RuntimeError: when one is missing, unknown or of another shape.
    """
    own = {name: t for name, t in module.state_dict().items() if name.startswith("encoder.")}
    for name, tensor in tensors.items():
        own[name if name.startswith(("windows.", "side.")) else f"head.{name}"] = tensor
    module.load_state_dict(own)


def load_side(folder: Path, settings: Any) -> DenseBlock | None:  # noqa: ANN401 - JSON
    """What encodes the side inputs of a saved model; None where its settings name none."""
    tensors = read_tensors(folder / SIDE) if settings else {}
    return DenseBlock.from_parts(settings, tensors)


def load_whole(folder: Path) -> nn.Module:
    """Load a saved encoder, which has no pooler: see PooledClassifier.

    Raises:
        IntegrityError: when weights are missing.
    """
    encoder = load_encoder(folder)
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None  # type: ignore[assignment]
    return encoder


def set_dropout(module: nn.Module, rate: float) -> None:
    """Give every dropout layer of a module the same rate."""
    for layer in module.modules():
        if isinstance(layer, Dropout):
            layer.p = rate

"""A pretrained network that makes a vector of a picture: how it is made, read and run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from sftsec_core.api import IntegrityError
from sftsec_vision.config import PACKAGED
from sftsec_vision.network.efficientnet import EfficientNetLite0, own_name
from sftsec_vision.weights import folder_weights, packaged_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from sftsec_vision.config import VisionConfig

_BATCH = 32
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, for the ResNets


@dataclass(frozen=True, slots=True)
class Backbone:
    """A network with the form of its inputs.

    Attributes:
        name: of `VisionConfig.backbone`.
        network: pictures of shape (n, 3, size, size), scaled, to vectors, shape (n, width).
        width: of a vector.
        device: where it computes.
    """

    name: str
    network: nn.Module
    width: int
    device: torch.device

    @classmethod
    def pretrained(cls, config: VisionConfig, device: str | None) -> Backbone:
        """Make it with the weights that the configuration names.

        Raises:
            ConfigError: when they cannot be read.
            IntegrityError: when they are other ones than their SHA-256 says.
        """
        if config.weights is None:
            tensors = _from_package(packaged_weights())
        else:
            tensors = folder_weights(config.weights, config.sha256)
        return cls.of(config.backbone, tensors, device)

    @classmethod
    def of(
        cls, name: str, tensors: Mapping[str, NDArray[Any]], device: str | None = None
    ) -> Backbone:
        """Make it with these weights, by the names of its own.

        Raises:
            IntegrityError: when they are not those of such a network.
        """
        network, width = _untrained(name)
        given = {key: torch.from_numpy(np.array(value)) for key, value in tensors.items()}
        try:
            missing, strange = network.load_state_dict(given, strict=False)
        except RuntimeError as error:
            raise IntegrityError(f"the weights are not those of {name}: other shapes") from error
        lacking = [key for key in missing if not key.endswith("num_batches_tracked")]
        # A classifier's of what the network was pretrained for are not used.
        if lacking or any(not key.startswith("fc.") for key in strange):
            first = (lacking or strange)[0]
            raise IntegrityError(f"the weights are not those of {name}: see {first!r}")
        place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        # In this layout of memory a picture takes two thirds of the CPU time.
        network = network.eval().to(place)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in stubs
        return cls(name, network, width, place)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The weights by their names, as `of` takes them."""
        found = {k: v.detach().cpu().numpy() for k, v in self.network.state_dict().items()}
        return {k: v for k, v in found.items() if not k.endswith("num_batches_tracked")}

    def vectors(self, pictures: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Vectors of pictures of shape (size, size, 3), shape (n, width)."""
        found = [np.empty((0, self.width), np.float32)]
        batch: list[NDArray[np.uint8]] = []
        for picture in pictures:
            batch.append(picture)
            if len(batch) == _BATCH:
                found.append(self._run(batch))
                batch = []
        return np.concatenate([*found, self._run(batch)] if batch else found)

    def scaled(self, pictures: list[NDArray[np.uint8]]) -> torch.Tensor:
        """What the network reads of pictures of shape (size, size, 3)."""
        # (n, h, w, 3) seen as (n, 3, h, w) is the layout of the network.
        x = torch.from_numpy(np.stack(pictures)).to(self.device).permute(0, 3, 1, 2).float()
        if self.name == PACKAGED:
            return (x - 127.0) / 128.0
        mean, spread = (
            torch.tensor(v, device=self.device).view(1, 3, 1, 1) for v in (_MEAN, _SPREAD)
        )
        return (x / 255.0 - mean) / spread

    def half(self) -> Any:  # noqa: ANN401 - a context manager of torch
        """Compute in 16 bits on a GPU, as it is on a CPU."""
        kind = self.device.type
        return torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda")

    def _run(self, pictures: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        with torch.inference_mode(), self.half():
            found: NDArray[np.float32] = self.network(self.scaled(pictures)).float().cpu().numpy()
            return found


def _untrained(name: str) -> tuple[nn.Module, int]:
    if name == PACKAGED:
        from sftsec_vision.network.efficientnet import FEATURES

        return EfficientNetLite0(), FEATURES
    from torchvision import models

    network = getattr(models, name)(weights=None)
    width = network.fc.in_features
    network.fc = nn.Identity()
    return network, width


def _from_package(found: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[Any]]:
    """The package's tensors under our names and in our shapes."""
    shapes = {key: tuple(value.shape) for key, value in EfficientNetLite0().state_dict().items()}
    named = ((own_name(name), values) for name, values in found.items())
    return {name: _shaped(values, shapes[name]) for name, values in named if name is not None}


def _shaped(values: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    if len(shape) != 4:
        return values.reshape(shape)
    outside, inside, height, width = shape
    return values.reshape(height, width, inside, outside).transpose(3, 2, 0, 1)

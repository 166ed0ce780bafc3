"""Backbones: the packaged one knows what it was trained on, others come from a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file
from sklearn.datasets import load_sample_images

from sftsec_core.api import IntegrityError
from sftsec_vision.config import VisionConfig
from sftsec_vision.network.backbone import Backbone
from sftsec_vision.weights import packaged_weights

# ImageNet's numbers of what the two photographs that scikit-learn carries show.
PALACE, DAISY = 698, 985


def centre(picture: np.ndarray) -> np.ndarray:
    image = Image.fromarray(picture)
    side = min(image.size)
    left, top = ((length - side) // 2 for length in image.size)
    return np.asarray(image.crop((left, top, left + side, top + side)).resize((224, 224)))


class TestPretrained:
    def test_names_what_a_photograph_shows(self) -> None:
        packaged = packaged_weights()
        backbone = Backbone.pretrained(VisionConfig(), "cpu")
        vectors = backbone.vectors([centre(each) for each in load_sample_images().images])
        scores = vectors @ packaged["_fc.weight"].reshape(1280, 1000) + packaged["_fc.bias"]
        assert scores.argmax(axis=1).tolist() == [PALACE, DAISY]

    def test_takes_a_resnet_from_a_file(self, tmp_path: Path) -> None:
        from torchvision.models import resnet18

        file = tmp_path / "resnet18.safetensors"
        tensors = {k: v.numpy() for k, v in resnet18(weights=None).state_dict().items()}
        save_file(tensors, file)
        config = VisionConfig(
            backbone="resnet18", weights=file, sha256=hashlib.sha256(file.read_bytes()).hexdigest()
        )
        backbone = Backbone.pretrained(config, "cpu")
        assert backbone.vectors([np.zeros((64, 64, 3), np.uint8)] * 2).shape == (2, 512)


class TestOf:
    def test_gives_back_what_tensors_hold(self) -> None:
        backbone = Backbone.pretrained(VisionConfig(), "cpu")
        again = Backbone.of(backbone.name, backbone.tensors(), "cpu")
        picture = [np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)]
        np.testing.assert_array_equal(backbone.vectors(picture), again.vectors(picture))

    def test_refuses_other_weights(self) -> None:
        tensors = Backbone.pretrained(VisionConfig(), "cpu").tensors()
        with pytest.raises(IntegrityError, match="not those of resnet18"):
            Backbone.of("resnet18", tensors, "cpu")
        with pytest.raises(IntegrityError, match="other shapes"):
            Backbone.of("efficientnet_lite0", {**tensors, "stem.0.weight": np.ones(3)}, "cpu")

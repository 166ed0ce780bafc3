"""Settings that cannot be meant are refused with what is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sftsec_vision.config import VisionConfig


class TestVisionConfig:
    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"backbone": "resnet18"}, "needs `weights`"),
            ({"weights": "w.safetensors"}, "go together"),
            ({"sha256": "0" * 64}, "go together"),
            ({"tune": "some"}, "'none', 'last' or 'all'"),
            ({"sizes": 3}, "sizes"),
        ],
    )
    def test_names_the_cause(self, given: dict[str, Any], told: str) -> None:
        with pytest.raises(ValidationError, match=told):
            VisionConfig.model_validate(given)

    def test_takes_weights_with_their_digest(self) -> None:
        config = VisionConfig.model_validate(
            {"backbone": "resnet50", "weights": "/w.safetensors", "sha256": "0" * 64}
        )
        assert config.backbone == "resnet50"

"""Models of several parts are put in 8 bits where a part can be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.blend import BlendModel, inference_cost_of
from sftsec_core.recipes.cascade import EVERYTHING, CascadeModel
from sftsec_core.recipes.quantizing import quantized
from sftsec_core.recipes.specs import MEMBERS

LABELS = ("benign", "malicious")


@dataclass(frozen=True)
class PlainModel:
    """Has no encoder."""

    labels: tuple[str, ...] = LABELS

    def predict_proba(self, batch: Batch) -> NDArray[np.float64]:
        return np.full((len(batch), 2), 0.5)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class EncodedModel(PlainModel):
    """Has one that can be put in 8 bits."""

    inference_cost: int = 20

    def quantized(self) -> EncodedModel:
        return EncodedModel(inference_cost=10)


class TestQuantized:
    def test_blend_keeps_its_other_members(self) -> None:
        plain = PlainModel()
        found = quantized(BlendModel(LABELS, {"linear": plain, "full": EncodedModel()}), "auto")
        assert isinstance(found, BlendModel)
        assert found.members == {"linear": plain, "full": EncodedModel(inference_cost=10)}
        assert inference_cost_of(found.members, MEMBERS) == 11

    def test_cascade_changes_its_second_model(self) -> None:
        cascade = CascadeModel(
            LABELS, PlainModel(), EncodedModel(), "full", (1.0, 1.0), EVERYTHING, 0, 21
        )
        found = quantized(cascade, "cascade")
        assert isinstance(found, CascadeModel)
        assert found.second == EncodedModel(inference_cost=10)
        assert (found.inference_cost, found.band) == (11, cascade.band)

    def test_models_without_encoders_are_refused(self) -> None:
        with pytest.raises(TrainingError, match="a linear model has no fine-tuned encoder"):
            quantized(PlainModel(), "linear")
        with pytest.raises(TrainingError, match=r"none of its members \(linear\)"):
            quantized(BlendModel(LABELS, {"linear": PlainModel()}), "auto")

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.domain import Batch
from sftsec_core.models.model_format import load_model, save_model
from sftsec_core.recipes.hybrid import HybridModel, train_probe
from sftsec_core.recipes.specs import RECIPES
from tests.core.recipes.jobs import job_of, two_classes


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> HybridModel:
    return train_probe(job_of(two_classes(24), tmp_path_factory.mktemp("work")))


def test_it_learns_from_the_vectors_alone(probe: HybridModel) -> None:
    assert probe.ngrams is None
    proba = probe.predict_proba(Batch.of_texts(["wget payload malicious", "open mail benign"]))
    assert proba[0, 1] > 0.5 > proba[1, 1]


def test_saved_and_loaded_it_answers_the_same(probe: HybridModel, tmp_path: Path) -> None:
    save_model(probe, "probe", tmp_path / "model")
    loaded = load_model(tmp_path / "model", {recipe.name: recipe for recipe in RECIPES})
    texts = ["wget payload", "", "مرحبا"]
    np.testing.assert_array_equal(
        loaded.predict_proba(Batch.of_texts(texts)), probe.predict_proba(Batch.of_texts(texts))
    )

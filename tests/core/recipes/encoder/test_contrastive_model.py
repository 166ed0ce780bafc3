"""A contrastive model stands alone in its folder, and is refused when it is not whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.model_format import load_model, save_model
from sftsec_core.recipes.config import ContrastiveConfig, EncoderSettings
from sftsec_core.recipes.encoder.contrastive import train_contrastive
from sftsec_core.recipes.encoder.contrastive_model import ContrastiveModel
from sftsec_core.recipes.specs import MEMBERS
from tests.core.recipes.jobs import ODD_TEXTS, job_of, two_classes


@pytest.fixture(scope="module")
def model(tiny: EncoderSettings, tmp_path_factory: pytest.TempPathFactory) -> ContrastiveModel:
    config = ContrastiveConfig(encoder=tiny, steps=3, batch_size=8)
    return train_contrastive(job_of(two_classes(16), tmp_path_factory.mktemp("w"), config=config))


class TestSavedModel:
    def test_scores_the_same_without_the_base(
        self, model: ContrastiveModel, tmp_path: Path
    ) -> None:
        save_model(model, "contrastive", tmp_path)
        batch = Batch.of_texts(ODD_TEXTS)
        loaded = load_model(tmp_path, MEMBERS)
        np.testing.assert_allclose(
            loaded.predict_proba(batch), model.predict_proba(batch), atol=1e-6
        )
        names = {path.suffix for path in tmp_path.iterdir()}
        assert names <= {".json", ".safetensors", ".txt"}

    @pytest.mark.parametrize("name", ["contrastive.safetensors", "model.safetensors"])
    def test_lacking_a_file_is_refused(
        self, model: ContrastiveModel, tmp_path: Path, name: str
    ) -> None:
        save_model(model, "contrastive", tmp_path)
        (tmp_path / name).unlink()
        with pytest.raises(IntegrityError):
            load_model(tmp_path, MEMBERS)

    def test_says_what_is_cut(self, model: ContrastiveModel) -> None:
        texts = ["short", "word " * 40, "w " * 60_000]
        first, second, third = model.unread(Batch.of_texts(texts))
        assert (first, second) == ([], [])  # two windows of 32 tokens
        assert third
        assert third[-1][1] <= len(texts[2])

"""A fine-tuned encoder scores texts and comes back from its folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.model_format import check_files
from sftsec_core.recipes.encoder.classifier import EncoderModel
from tests.core.recipes.tiny_encoder import LABELS, PROBES


class TestPredictProba:
    def test_rows_follow_the_texts(self, trained: EncoderModel) -> None:
        scores = trained.predict_proba(Batch.of_texts(PROBES))
        assert scores.shape == (len(PROBES), 2)
        assert scores.dtype == np.float64
        np.testing.assert_allclose(scores.sum(1), 1, atol=1e-12)
        one_by_one = np.concatenate(
            [trained.predict_proba(Batch.of_texts([text])) for text in PROBES]
        )
        np.testing.assert_allclose(scores, one_by_one, atol=1e-5)

    def test_blocks_and_equal_texts_change_no_score(
        self, trained: EncoderModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        texts = [*PROBES, *PROBES[::-1]]
        whole = trained.predict_proba(Batch.of_texts(texts))
        monkeypatch.setattr("sftsec_core.recipes.encoder.classifier.SCORE_BLOCK", 3)
        np.testing.assert_allclose(trained.predict_proba(Batch.of_texts(texts)), whole, atol=1e-5)

    def test_texts_beyond_its_bound_are_named(self, trained: EncoderModel) -> None:
        batch = Batch.of_texts(["short", "word " * 500])
        assert trained.reads_whole(batch).tolist() == [True, False]

    def test_no_texts_give_no_rows(self, trained: EncoderModel) -> None:
        assert trained.predict_proba(Batch.of_texts([])).shape == (0, 2)


class TestSavedModel:
    def test_loads_with_the_same_probabilities(self, trained: EncoderModel, tmp_path: Path) -> None:
        trained.save(tmp_path)
        check_files(tmp_path)
        loaded = EncoderModel.load(tmp_path)
        assert loaded.labels == LABELS
        np.testing.assert_array_equal(
            loaded.predict_proba(Batch.of_texts(PROBES)),
            trained.predict_proba(Batch.of_texts(PROBES)),
        )

    @pytest.mark.parametrize("name", ["model.safetensors", "head.safetensors", "classifier.json"])
    def test_missing_file_is_an_integrity_error(
        self, name: str, trained: EncoderModel, tmp_path: Path
    ) -> None:
        trained.save(tmp_path)
        (tmp_path / name).unlink()
        with pytest.raises(IntegrityError, match=str(tmp_path)):
            EncoderModel.load(tmp_path)

    def test_lacking_weights_are_not_invented(self, trained: EncoderModel, tmp_path: Path) -> None:
        trained.save(tmp_path)
        weights = load_file(tmp_path / "model.safetensors")
        del weights["encoder.layer.0.attention.self.query.weight"]
        save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(IntegrityError, match="query"):
            EncoderModel.load(tmp_path)

    def test_cut_off_file_is_refused(self, trained: EncoderModel, tmp_path: Path) -> None:
        trained.save(tmp_path)
        weights = tmp_path / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])
        with pytest.raises(IntegrityError):
            EncoderModel.load(tmp_path)

"""A fine-tuned encoder scores texts and comes back from its folder."""

from __future__ import annotations

import json
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


class TestWindows:
    def test_long_text_scores_as_its_attack(self, trained: EncoderModel) -> None:
        filler = "git commit list files open mail read the report " * 200
        batch = Batch.of_texts([filler + "dump lsass evil malicious " * 5 + filler, filler])
        attack, harmless = trained.predict_proba(batch)[:, 1]
        assert attack > 0.5 > harmless

    def test_saved_model_reads_the_same_windows(
        self, trained: EncoderModel, tmp_path: Path
    ) -> None:
        trained.save(tmp_path)
        loaded = EncoderModel.load(tmp_path)
        texts = Batch.of_texts(["git commit list files " * 200 + "dump lsass evil", "git " * 40])
        np.testing.assert_array_equal(loaded.predict_proba(texts), trained.predict_proba(texts))
        assert loaded.unread(texts) == trained.unread(texts)

    def test_model_without_windows_reads_the_beginning(
        self, trained: EncoderModel, tmp_path: Path
    ) -> None:
        trained.save(tmp_path)
        old = {"labels": list(LABELS), "max_length": 32}
        (tmp_path / "classifier.json").write_text(json.dumps(old))
        (tmp_path / "selector.safetensors").unlink()
        head = load_file(tmp_path / "head.safetensors")
        save_file({name: head[name] for name in ("weight", "bias")}, tmp_path / "head.safetensors")
        loaded = EncoderModel.load(tmp_path)
        texts = Batch.of_texts(["git " * 15, "git " * 15 + "evil " * 90])
        first, second = loaded.predict_proba(texts)
        np.testing.assert_array_equal(first, second)
        assert loaded.unread(texts) == [[], [(60, 510)]]


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

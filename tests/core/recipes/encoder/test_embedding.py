"""A fine-tuned encoder's texts as vectors, with the places of their tokens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.contracts import Differentiable
from sftsec_core.api.domain import Batch
from sftsec_core.recipes.encoder.classifier import EncoderModel, PooledClassifier
from sftsec_core.recipes.encoder.encoder import load_encoder, load_tokenizer
from sftsec_core.recipes.reading import Reading
from tests.core.recipes.tiny_encoder import LABELS, make_tiny_encoder

TEXTS = (
    "curl evil",
    "",
    "na\u0308ive \U0001f600 %65vil beacon calls home again and again and again and again",
    "x" * 100_000,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(make_tiny_encoder(tmp_path_factory.mktemp("tiny") / "encoder").path)


def model_of(folder: Path, reading: Reading) -> EncoderModel:
    import torch

    torch.manual_seed(3)
    module = PooledClassifier(load_encoder(folder), len(LABELS), 0.0, "attention")
    return EncoderModel(module, load_tokenizer(folder), LABELS, reading=reading)


READING = Reading(max_length=12, overlap=2, max_windows=3)


class TestEmbedded:
    def test_logits_are_those_of_scoring(self, folder: Path) -> None:
        import torch

        model, batch = model_of(folder, READING), Batch.of_texts(TEXTS)
        assert isinstance(model, Differentiable)
        found = model.embedded(batch)
        assert found is not None
        logits = torch.cat([each.logits(each.vectors[None]) for each in found])
        proba = torch.softmax(logits.double(), dim=-1).detach().numpy()
        np.testing.assert_allclose(proba, model.predict_proba(batch), atol=2e-3)

    def test_tokens_stand_where_their_words_do(self, folder: Path) -> None:
        reading = Reading(max_length=12, overlap=2, max_windows=8, view="decoded")
        found = model_of(folder, reading).embedded(Batch.of_texts([TEXTS[2]]))
        assert found is not None
        spans = [span for window in found[0].spans for span in window if span[0] < span[1]]
        words = {TEXTS[2][start:end] for start, end in spans}
        assert {"\U0001f600", "beacon", "home"} <= words
        assert any(word.startswith("%65") for word in words), "an escape has its own characters"

    def test_the_baseline_says_no_words(self, folder: Path) -> None:
        found = model_of(folder, READING).embedded(Batch.of_texts(["curl evil", "mail open"]))
        assert found is not None
        one, other = found
        np.testing.assert_allclose(one.baseline[0, 1:3], other.baseline[0, 1:3])
        np.testing.assert_allclose(one.vectors[0, 0], one.baseline[0, 0])

    def test_an_encoder_in_8_bits_has_none(self, folder: Path) -> None:
        pytest.importorskip("onnxruntime")
        quantized = model_of(folder, READING).quantized()
        assert quantized.embedded(Batch.of_texts(["curl"])) is None


class TestEmbed:
    def test_rows_have_length_one(self, folder: Path) -> None:
        rows = model_of(folder, READING).embed(Batch.of_texts(["curl evil", "mail", "curl evil"]))
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        np.testing.assert_array_equal(rows[0], rows[2])

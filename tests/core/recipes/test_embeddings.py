"""The frozen encoder's vectors, and the encoder that a saved model names."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.errors import ConfigError, IntegrityError
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.embeddings import POOLINGS, Embedder, remembered_embeddings
from sftsec_core.recipes.encoder import vectors
from sftsec_core.recipes.encoder.vectors import embed
from sftsec_core.recipes.encoder_files import WEIGHTS
from sftsec_core.recipes.window_selector import WindowSelector
from tests.core.recipes.jobs import ODD_TEXTS, job_of, texts_of, two_classes


@pytest.fixture
def copy(tiny: EncoderSettings, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny.path, tmp_path / "copy"))


def named(folder: Path, like: EncoderSettings) -> EncoderSettings:
    return like.model_copy(update={"path": str(folder)})


def asked_for(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are embedded from now on."""
    asked: list[str] = []

    def counting(texts: list[str], *rest: object, **options: int) -> object:
        asked.extend(texts)
        return embed(texts, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(vectors, "embed", counting)
    return asked


class TestEmbedder:
    def test_odd_texts_have_finite_vectors(self, tiny: EncoderSettings) -> None:
        found = Embedder(tiny)(ODD_TEXTS)
        assert found.shape == (len(ODD_TEXTS), 2, 32)
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
        assert Embedder(tiny)([]).shape == (0, 2, 32)

    def test_remembered_texts_are_embedded_once(
        self, tiny: EncoderSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = asked_for(monkeypatch)
        with remembered_embeddings():
            first = Embedder(tiny)(["one", "two", "one"])
            again = Embedder(tiny)(["two", "three"])
        assert asked == ["one", "two", "three"]
        np.testing.assert_array_equal(first[1], again[0])
        Embedder(tiny)(["one"])
        assert asked[-1] == "one"  # forgotten with the block

    def test_poolings_share_what_is_remembered(
        self, tiny: EncoderSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Dev is embedded once, however many poolings are compared on it."""
        choosing = Embedder(tiny.model_copy(update={"pooling": "auto", "max_length": 8}))
        long = ["evil beacon " * 20, "short"]
        alone = {pooling: choosing.pooled(pooling)(long) for pooling in POOLINGS}
        asked = asked_for(monkeypatch)
        with remembered_embeddings():
            shared = {pooling: choosing.pooled(pooling)(long) for pooling in POOLINGS}
        assert asked == long
        for pooling in POOLINGS:
            np.testing.assert_array_equal(shared[pooling], alone[pooling])
        assert not np.array_equal(shared["max"], shared["mean"])

    def test_longer_windows_than_it_reads(self, tiny: EncoderSettings) -> None:
        embedder = Embedder(tiny.model_copy(update={"max_length": 65}))
        with pytest.raises(ConfigError, match="max_length is 65, and the encoder reads 64 tokens"):
            embedder(["short"])

    def test_selector_matters_to_several_windows_only(
        self, tiny: EncoderSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each fold of a search has a selector of its own: short texts are not embedded again."""
        examples = two_classes(20)
        long = "curl evil host " * tiny.max_length
        asked = asked_for(monkeypatch)
        with remembered_embeddings():
            for part in (examples[:10], examples[10:]):
                task = job_of(examples, Path()).task
                selector = WindowSelector.fit(texts_of(part), part, task, 0)
                Embedder(tiny, selector=selector)(["short", long])
        assert asked == ["short", long, long]

    def test_saved_name_finds_only_that_encoder(self, tiny: EncoderSettings, copy: Path) -> None:
        saved = Embedder(named(copy, tiny)).to_json()
        assert Embedder.from_json(saved).to_json() == saved
        (copy / WEIGHTS).write_bytes(b"\0" * 100)
        with pytest.raises(IntegrityError):
            Embedder.from_json(saved)
        with pytest.raises(IntegrityError, match="not the one"):
            Embedder.from_json({**saved, "path": "minilm"})

"""Texts to vectors: the means of token vectors, the same whatever else is embedded beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.encoder import load_encoder, load_tokenizer
from sftsec_core.recipes.encoder.precision import Computing, Precision
from sftsec_core.recipes.encoder.vectors import embed
from sftsec_core.recipes.reading import Reading

TEXTS = ["short", "a rather longer text with more words in it", "short", "x" * 500, ""]
MODULE = "sftsec_core.recipes.encoder.precision"


def embed_by(tiny: EncoderSettings, precision: Precision, texts: list[str]) -> Any:
    tokenizer = load_tokenizer(Path(tiny.path))
    computing = Computing.of(load_encoder(Path(tiny.path)), tokenizer, precision)
    return embed(texts, tokenizer, computing, reading=Reading(32))[0]


def means(tiny: EncoderSettings) -> Any:
    """Each text alone, by transformers itself, in float32."""
    import torch

    tokenizer, encoder = load_tokenizer(Path(tiny.path)), load_encoder(Path(tiny.path))
    found = []
    for text in TEXTS:
        ids = tokenizer(text, truncation=True, max_length=32, return_tensors="pt")
        with torch.inference_mode():
            found.append(encoder(**ids).last_hidden_state[0].mean(0).numpy())
    return np.stack(found)


class TestEmbed:
    @pytest.mark.parametrize(("precision", "off"), [("fp32", 1e-5), ("bf16", 0.05)])
    def test_is_the_mean_of_tokens(
        self,
        tiny: EncoderSettings,
        precision: Precision,
        off: float,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(f"{MODULE}.half_precision", lambda _device: True)
        np.testing.assert_allclose(
            embed_by(tiny, precision, TEXTS)[:, 0], means(tiny), rtol=0, atol=off
        )

    def test_padded_is_the_same_mean(
        self, tiny: EncoderSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(f"{MODULE}.position_to_pack", lambda _encoder: None)
        np.testing.assert_allclose(
            embed_by(tiny, "fp32", TEXTS)[:, 0], means(tiny), rtol=0, atol=1e-5
        )

    @pytest.mark.parametrize("precision", ["fp32", "bf16"])
    def test_mates_do_not_move_a_text(
        self, tiny: EncoderSettings, precision: Precision, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(f"{MODULE}.half_precision", lambda _device: True)
        alone = [embed_by(tiny, precision, [text])[0] for text in TEXTS]
        np.testing.assert_allclose(embed_by(tiny, precision, TEXTS), alone, rtol=0, atol=1e-6)

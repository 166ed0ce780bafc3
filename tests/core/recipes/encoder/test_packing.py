"""Packed texts are read as padded ones are, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.classifier import PooledClassifier, read_logits
from sftsec_core.recipes.encoder.data import EncodedTexts, pad_rows
from sftsec_core.recipes.encoder.encoder import load_encoder, mean_pool
from sftsec_core.recipes.encoder.packing import (
    PACKED,
    PADDED,
    Collator,
    mean_within,
    pack_rows,
    position_to_pack,
)
from tests.core.recipes.tiny_models import make_model

ROWS = [np.arange(5, 5 + n, dtype=np.int32) for n in (3, 1, 40, 40, 7)]
SMALL = {
    "vocab_size": 300,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 512,
    "pad_token_id": 1,
}
GROUPED = ("Llama", "Qwen2", "Mistral")


class TestPackRows:
    def test_lays_texts_end_to_end(self) -> None:
        packed = pack_rows(EncodedTexts.of_rows(ROWS[:2]), first_position=2)
        assert packed["input_ids"].tolist() == [[5, 6, 7, 5]]
        assert packed["position_ids"].tolist() == [[2, 3, 4, 2]]
        assert packed["bounds"].tolist() == [0, 3, 4]
        assert packed["longest"] == 3

    def test_means_are_those_of_each_text(self) -> None:
        import torch

        texts = EncodedTexts.of_rows(ROWS)
        padded = pad_rows(texts, 0)
        hidden = torch.randn(len(ROWS), 40, 8)
        flat = hidden[padded["attention_mask"].bool()]
        found = mean_within(flat, pack_rows(texts)["bounds"])
        torch.testing.assert_close(found, mean_pool(hidden, padded["attention_mask"]))


class TestPositionToPack:
    @pytest.mark.parametrize(
        ("kind", "first"),
        [
            ("Bert", 0),
            ("Roberta", 2),  # after its padding's id
            ("ModernBert", None),  # layers that see neighbours only
            ("MPNet", None),  # attention of its own
            ("Llama", 0),  # a decoder, two heads of whose queries share a key
            ("Qwen2", 0),
            ("GPT2", 0),
            ("Mistral", None),  # a decoder that sees neighbours only
        ],
    )
    def test_is_found_by_trying(self, kind: str, first: int | None) -> None:
        import torch
        import transformers

        torch.manual_seed(0)
        settings = {**SMALL, **({"num_key_value_heads": 1} if kind in GROUPED else {})}
        config = getattr(transformers, f"{kind}Config")(**settings)
        encoder = getattr(transformers, f"{kind}Model")(config)
        assert position_to_pack(encoder.eval()) == first

    def test_leaves_the_encoder_as_it_was(self, encoder: EncoderSettings) -> None:
        loaded = load_encoder(Path(encoder.path)).train()
        assert position_to_pack(loaded) == 0
        assert loaded.training
        assert loaded.config._attn_implementation == PADDED  # type: ignore[union-attr]


class TestPackedScores:
    @pytest.mark.parametrize("kind", ["llama", "gpt2"])
    def test_of_a_decoder_ignore_company(self, kind: str, tmp_path: Path) -> None:
        import torch

        folder = Path(make_model(tmp_path / kind, kind).path)
        module = PooledClassifier(load_encoder(folder), 2, 0.0).eval()
        texts = EncodedTexts.of_rows(ROWS)
        padded = read_logits(module, texts, Collator(0))
        module.encoder.set_attn_implementation(PACKED)  # type: ignore[operator]
        packed = Collator(0, first_position=0)
        found = read_logits(module, texts, packed)
        torch.testing.assert_close(found, padded, atol=1e-5, rtol=1e-4)
        alone = [read_logits(module, texts.take(np.array([i])), packed) for i in range(len(texts))]
        assert torch.cat(alone).sub(found).abs().max() < 1e-6

    def test_equal_padded_ones(self, encoder: EncoderSettings) -> None:
        import torch

        module = PooledClassifier(load_encoder(Path(encoder.path)), 3, 0.0).eval()
        texts = EncodedTexts.of_rows([row[:32] for row in ROWS])
        padded = read_logits(module, texts, Collator(0))
        module.encoder.set_attn_implementation(PACKED)  # type: ignore[operator]
        packed = read_logits(module, texts, Collator(0, first_position=0))
        torch.testing.assert_close(packed, padded, atol=1e-5, rtol=1e-4)

    def test_gradients_equal_padded_ones(self, encoder: EncoderSettings) -> None:
        import torch

        texts = EncodedTexts.of_rows([row[:32] for row in ROWS])
        gradients = []
        for kind, collator in ((PADDED, Collator(0)), (PACKED, Collator(0, first_position=0))):
            torch.manual_seed(3)
            module = PooledClassifier(load_encoder(Path(encoder.path)), 2, 0.0).eval()
            module.encoder.set_attn_implementation(kind)  # type: ignore[operator]
            module(**collator.tensors(texts)).square().sum().backward()
            gradients.append([p.grad for p in module.parameters() if p.grad is not None])
        for padded, packed in zip(*gradients, strict=True):
            torch.testing.assert_close(packed, padded, atol=1e-5, rtol=1e-3)

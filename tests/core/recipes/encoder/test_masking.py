"""Masking of content words, as wholes, by BERT's rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.encoder import load_tokenizer
from sftsec_core.recipes.encoder.masking import IGNORED, Masker, encode_maskable
from sftsec_core.recipes.encoder_files import resolve_encoder
from sftsec_core.recipes.reading import Reading

TEXT = "2026-01-02T03:04:05Z exfiltration of credentials d41d8cd98f00b204e9800998ecf8427e"


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return load_tokenizer(resolve_encoder(EncoderSettings()).folder)


class TestEncodeMaskable:
    def test_tokens_know_their_words(self, tokenizer: Any) -> None:
        texts = encode_maskable([TEXT, "443 == 80"], tokenizer, Reading(64))
        assert len(texts) == 1  # the other has nothing to tell
        words = texts.words
        tokens = np.array(tokenizer.convert_ids_to_tokens(texts.rows.flat))
        told = ["".join(tokens[words == n]).replace("##", "") for n in np.unique(words[words > 0])]
        assert told == ["exfiltration", "of", "credentials"]

    def test_windows_that_are_not_read_count(self, tokenizer: Any) -> None:
        texts = encode_maskable(["word " * 100], tokenizer, Reading(12, max_windows=4))
        assert (len(texts), texts.cut) == (4, 6)


class TestMasker:
    def test_whole_words_by_berts_rule(self, tokenizer: Any) -> None:
        import torch

        texts = encode_maskable([TEXT] * 3000, tokenizer, Reading(64))
        masker = Masker.of(tokenizer)
        batch = masker.pad(texts)
        masked = masker.mask(batch, torch.Generator().manual_seed(1))
        chosen = masked["targets"] != IGNORED
        assert torch.equal(masked["targets"][chosen], batch["input_ids"][chosen])
        assert not bool(chosen[batch["words"] == 0].any())
        assert bool(chosen.any(1).all())  # one of each text at least
        for word in sorted(set(texts.words.tolist()) - {0}):
            of_word = (batch["words"] == word) & chosen
            assert set(of_word.sum(1).tolist()) == {0, int((batch["words"][0] == word).sum())}
        new, old = masked["input_ids"][chosen], batch["input_ids"][chosen]
        assert float((new == masker.mask_id).float().mean()) == pytest.approx(0.8, abs=0.02)
        assert float((new == old).float().mean()) == pytest.approx(0.1, abs=0.02)
        assert torch.equal(masked["input_ids"][~chosen], batch["input_ids"][~chosen])

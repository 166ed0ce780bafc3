from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.encoder import (
    embed,
    length_buckets,
    load_encoder,
    load_tokenizer,
)
from sftsec_core.recipes.reading import Reading


class TestLocalFolder:
    def test_code_in_it_never_runs(self, tiny: EncoderSettings, tmp_path: Path) -> None:
        copy = Path(shutil.copytree(tiny.path, tmp_path / "copy"))
        config = (copy / "config.json").read_text()
        ran = tmp_path / "ran"
        (copy / "evil.py").write_text(f"open({str(ran)!r}, 'w')\nclass Evil: ...\n")
        auto_map = '{"auto_map": {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"},'
        (copy / "config.json").write_text(auto_map + config.strip()[1:])
        load_encoder(copy)
        assert not ran.exists()


class TestEmbed:
    def test_buckets_hold_each_text_once(self) -> None:
        lengths = [3, 50, 7, 7, 200, 1, 12, 0]
        buckets = list(length_buckets(lengths, 64))
        assert sorted(i for bucket in buckets for i in bucket) == list(range(len(lengths)))
        for bucket in buckets:
            assert len(bucket) == 1 or len(bucket) * max(lengths[i] for i in bucket) <= 64

    def test_is_the_mean_in_any_batch(
        self,
        tiny: EncoderSettings,
    ) -> None:
        import torch

        tokenizer, encoder = load_tokenizer(Path(tiny.path)), load_encoder(Path(tiny.path))
        texts = ["short", "a rather longer text with more words in it", "short", "x" * 500]
        (vectors,) = embed(texts, tokenizer, encoder, reading=Reading(32))
        for text, vector in zip(texts, vectors[:, 0], strict=True):
            ids = tokenizer(text, truncation=True, max_length=32, return_tensors="pt")
            with torch.inference_mode():
                expected = encoder(**ids).last_hidden_state[0].mean(0).numpy()
            np.testing.assert_allclose(vector, expected, atol=0.05)  # bfloat16 where there is any
        np.testing.assert_array_equal(vectors[0], vectors[2])

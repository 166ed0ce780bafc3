"""How long training will take, from a few measured steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.classifier import PooledClassifier
from sftsec_core.recipes.encoder.data import encode_texts
from sftsec_core.recipes.encoder.encoder import load_encoder, load_tokenizer
from sftsec_core.recipes.encoder.precision import Twin
from sftsec_core.recipes.encoder.speed import Speed, measure_speed
from tests.core.recipes.jobs import texts_of
from tests.core.recipes.tiny_encoder import make_examples

LENGTHS = np.array([4, 4, 4, 4, 10, 10], dtype=np.int64)


class TestSpeed:
    def test_epoch_counts_batches_and_padded_tokens(self) -> None:
        # Three batches of two: four and four tokens, twice, and ten and ten.
        speed = Speed(per_step_s=1.0, per_token_s=0.01)
        assert speed.epoch_s(LENGTHS, 2) == pytest.approx(3 + 0.01 * (8 + 8 + 20))
        assert speed.epoch_s(np.array([3, 9]), 2) == pytest.approx(1 + 0.01 * 18)

    def test_scoring_is_a_forward_pass(self) -> None:
        speed = Speed(per_step_s=0.5, per_token_s=0.02)
        # 36 tokens, ten at a time: four batches.
        assert speed.scoring_s(LENGTHS, 10) == pytest.approx((4 * 0.5 + 36 * 0.02) / 3)

    def test_packed_epoch_counts_no_padding(self) -> None:
        speed = Speed(per_step_s=1.0, per_token_s=0.01)
        assert speed.epoch_s(LENGTHS, 4, packed=True) == pytest.approx(2 + 0.01 * 36)


class TestMeasureSpeed:
    def test_leaves_the_module_unchanged(self, encoder: EncoderSettings) -> None:
        module = PooledClassifier(load_encoder(Path(encoder.path)), classes=2, dropout=0.1)
        before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        tokenizer = load_tokenizer(Path(encoder.path))
        encoded = encode_texts(texts_of(make_examples(40)), tokenizer, 32)
        speed = measure_speed(module, Twin(module, tokenizer, precision="fp32"), encoded, 8)
        assert speed.epoch_s(encoded.lengths, 8) > 0
        assert speed.per_step_s >= 0
        assert speed.per_token_s >= 0
        for name, tensor in module.state_dict().items():
            assert tensor.equal(before[name]), name
        assert all(each.grad is None for each in module.parameters())

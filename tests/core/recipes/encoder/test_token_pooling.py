"""One vector of a window's tokens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.data import EncodedTexts, pad_rows
from sftsec_core.recipes.encoder.encoder import load_encoder
from sftsec_core.recipes.encoder.packing import pack_rows
from sftsec_core.recipes.encoder.token_pooling import TokenPooling, pool_tokens, token_pooling_of
from tests.core.recipes.tiny_models import make_model

TEXTS = EncodedTexts.of_rows([np.arange(n, dtype=np.int32) for n in (3, 1, 7)])


@pytest.mark.parametrize("how", ["mean", "last", "max"])
def test_packed_rows_equal_padded_ones(how: TokenPooling) -> None:
    import torch

    padded = pad_rows(TEXTS, 0)
    hidden = torch.randn(3, 7, 4)
    flat = hidden[padded["attention_mask"].bool()][None]
    found = pool_tokens(flat, how, pack_rows(TEXTS))
    torch.testing.assert_close(found, pool_tokens(hidden, how, padded))


def test_last_token_is_never_padding() -> None:
    import torch

    hidden = torch.arange(21.0).view(3, 7, 1)
    found = pool_tokens(hidden, "last", pad_rows(TEXTS, 0))
    assert found.flatten().tolist() == [2.0, 7.0, 20.0]


def test_follows_what_the_encoder_sees(encoder: EncoderSettings, tmp_path: Path) -> None:
    decoder = make_model(tmp_path / "decoder", "qwen2")
    found = [token_pooling_of(load_encoder(Path(each.path))) for each in (encoder, decoder)]
    assert found == ["mean", "last"]

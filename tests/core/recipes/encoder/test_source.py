"""Where the encoder that is trained comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import IntegrityError
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.source import pretrained
from sftsec_core.recipes.encoder_files import resolve_encoder
from tests.core.recipes.tiny_encoder import make_job


def test_pretrained_is_that_of_the_settings(encoder: EncoderSettings, tmp_path: Path) -> None:
    source = pretrained(make_job(encoder, tmp_path))
    network, tokenizer = source.load()
    assert source.digest == resolve_encoder(encoder).digest
    assert len(tokenizer) == network.get_input_embeddings().weight.shape[0]  # type: ignore[operator]


def test_wrong_digest_loads_nothing(encoder: EncoderSettings, tmp_path: Path) -> None:
    other = encoder.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(IntegrityError, match="nothing was loaded"):
        pretrained(make_job(other, tmp_path))

"""A tiny encoder and a model fine-tuned on it, once for the folder."""

from __future__ import annotations

import pytest

from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.classifier import EncoderModel
from sftsec_core.recipes.encoder.full import train_full
from tests.core.recipes.tiny_encoder import make_job, make_tiny_encoder


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> EncoderSettings:
    return make_tiny_encoder(tmp_path_factory.mktemp("tiny") / "encoder")


@pytest.fixture(scope="session")
def trained(encoder: EncoderSettings, tmp_path_factory: pytest.TempPathFactory) -> EncoderModel:
    return train_full(make_job(encoder, tmp_path_factory.mktemp("work"), epochs=6))

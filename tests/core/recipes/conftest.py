"""A tiny encoder, made once a file of tests."""

from __future__ import annotations

import pytest

from sftsec_core.recipes.config import EncoderSettings
from tests.core.recipes.tiny_encoder import make_tiny_encoder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> EncoderSettings:
    return make_tiny_encoder(tmp_path_factory.mktemp("tiny") / "encoder")

"""The encoders that a saved model reads from outside its folder are checked too."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.model_format import write_json
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.embeddings import Embedder
from sftsec_core.recipes.saved_encoders import check_encoders


@pytest.fixture
def encoder(tiny: EncoderSettings, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny.path, tmp_path / "encoder"))


@pytest.fixture(params=["", "hybrid"])
def model(
    encoder: Path, tiny: EncoderSettings, tmp_path: Path, request: pytest.FixtureRequest
) -> Path:
    folder = tmp_path / "model" / str(request.param)
    folder.mkdir(parents=True)
    settings = tiny.model_copy(update={"path": str(encoder)})
    write_json(folder / "hybrid.json", {"encoder": Embedder(settings).to_json()})
    return tmp_path / "model"


class TestCheck:
    def test_same_encoder_passes_in_silence(self, model: Path) -> None:
        check_encoders(model)

    def test_swapped_tokenizer_is_named(self, model: Path, encoder: Path) -> None:
        (encoder / "tokenizer.json").write_text("{}", encoding="utf-8")
        with pytest.raises(IntegrityError, match=r"tokenizer\.json is not the file"):
            check_encoders(model)

"""Fine-tuning through low-rank adapters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.domain import Batch
from sftsec_core.models.model_format import check_files
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.classifier import EncoderModel
from sftsec_core.recipes.encoder.full import train_full
from sftsec_core.recipes.encoder.lora import train_lora
from tests.core.recipes.jobs import texts_of
from tests.core.recipes.tiny_encoder import LABELS, PROBES, make_examples, make_job


@pytest.fixture(scope="module")
def trained(encoder: EncoderSettings, tmp_path_factory: pytest.TempPathFactory) -> EncoderModel:
    return train_lora(make_job(encoder, tmp_path_factory.mktemp("work"), epochs=8))


def test_adapters_learn_what_the_words_tell(trained: EncoderModel) -> None:
    held_out = make_examples(40)[-10:]
    predicted = trained.predict_proba(Batch.of_texts(texts_of(held_out))).argmax(1)
    assert [LABELS[i] for i in predicted] == [example.label for example in held_out]


def test_the_returned_model_has_no_adapters_left(trained: EncoderModel) -> None:
    assert not [name for name, _ in trained.module.named_parameters() if "lora" in name]


def test_saved_model_loads_without_peft(trained: EncoderModel, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    trained.save(model)
    check_files(model)
    program = (
        "import sys, numpy as np; sys.modules['peft'] = None\n"
        "from pathlib import Path\n"
        "from sftsec_core.api.domain import Batch\n"
        "from sftsec_core.recipes.encoder.classifier import EncoderModel\n"
        "from tests.core.recipes.tiny_encoder import PROBES\n"
        "model = EncoderModel.load(Path(sys.argv[1]))\n"
        "np.save(sys.argv[2], model.predict_proba(Batch.of_texts(PROBES)))"
    )
    scores = tmp_path / "scores.npy"
    command = [sys.executable, "-W", "error", "-c", program, str(model), str(scores)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[4])
    np.testing.assert_array_equal(np.load(scores), trained.predict_proba(Batch.of_texts(PROBES)))


def test_checkpoint_holds_no_encoder_weights(
    encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sftsec_core.recipes.encoder.loop.CHECKPOINT_EVERY_S", 0.0)
    job = make_job(encoder, tmp_path, epochs=1)
    train_lora(job)
    train_full(job)
    adapters, whole = (
        sum(path.stat().st_size for path in (tmp_path / recipe).rglob("model.safetensors"))
        for recipe in ("lora", "full")
    )
    assert adapters < whole / 5


def test_resumed_run_gives_the_same_model(
    encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sftsec_core.recipes.encoder.loop.CHECKPOINT_EVERY_S", 0.0)

    def stop_at_13(step: int, _values: object) -> None:
        if step == 13:
            raise KeyboardInterrupt

    whole = train_lora(make_job(encoder, tmp_path / "a"))
    with pytest.raises(KeyboardInterrupt):
        train_lora(make_job(encoder, tmp_path / "b", log=stop_at_13))
    resumed = train_lora(make_job(encoder, tmp_path / "b"))
    np.testing.assert_array_equal(
        whole.predict_proba(Batch.of_texts(PROBES)), resumed.predict_proba(Batch.of_texts(PROBES))
    )

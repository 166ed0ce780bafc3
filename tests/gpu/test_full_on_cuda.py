"""What only a CUDA device can show of the recipes that train an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.contracts import TrainedModel
from sftsec_core.api.domain import Batch
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.embeddings import Embedder
from sftsec_core.recipes.encoder.classifier import EncoderModel
from sftsec_core.recipes.encoder.full import train_full
from sftsec_core.recipes.encoder.lora import train_lora
from sftsec_core.recipes.encoder.precision import Twin, use_bf16
from sftsec_core.recipes.encoder.trainer import estimate_seconds
from tests.core.recipes.jobs import texts_of
from tests.core.recipes.tiny_encoder import LABELS, PROBES, make_examples, make_job

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def _cuda() -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")


@pytest.fixture(scope="module")
def encoder() -> EncoderSettings:
    return EncoderSettings()


def accuracy(model: TrainedModel) -> float:
    held_out = make_examples(40)[-10:]
    predicted = model.predict_proba(Batch.of_texts(texts_of(held_out))).argmax(1)
    found = [LABELS[i] == example.label for i, example in zip(predicted, held_out, strict=True)]
    return float(np.mean(found))


@pytest.mark.parametrize("train", [train_full, train_lora])
def test_packaged_encoder_is_fine_tuned(
    train: object, encoder: EncoderSettings, tmp_path: Path
) -> None:
    assert callable(train)
    model = train(make_job(encoder, tmp_path, learning_rate=1e-4))
    assert isinstance(model, EncoderModel)
    assert model.module.head.weight.is_cuda
    assert accuracy(model) == 1.0


def test_scores_of_gpu_and_cpu_agree(
    encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    model = train_full(make_job(encoder, tmp_path / "work", learning_rate=1e-4))
    saved = tmp_path / "model"
    saved.mkdir()
    model.save(saved)
    for module in ("classifier", "precision"):
        monkeypatch.setattr(
            f"sftsec_core.recipes.encoder.{module}.pick_device", lambda: torch.device("cpu")
        )
    on_cpu = EncoderModel.load(saved).predict_proba(Batch.of_texts(PROBES))
    np.testing.assert_allclose(model.predict_proba(Batch.of_texts(PROBES)), on_cpu, atol=2e-2)


def test_vectors_of_gpu_and_cpu_agree(
    encoder: EncoderSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    on_gpu = Embedder(encoder)(PROBES)
    for module in ("encoder", "precision"):
        monkeypatch.setattr(
            f"sftsec_core.recipes.encoder.{module}.pick_device", lambda: torch.device("cpu")
        )
    on_cpu = Embedder(encoder)(PROBES)
    np.testing.assert_allclose(on_gpu, on_cpu, rtol=0, atol=0.02 * float(np.abs(on_cpu).max()))


def test_a_device_with_bfloat16_trains_in_it() -> None:
    import torch

    assert use_bf16("auto") == torch.cuda.is_bf16_supported(including_emulation=False)


def test_packaged_encoder_reads_packed_texts(encoder: EncoderSettings, tmp_path: Path) -> None:
    model = train_full(make_job(encoder, tmp_path, learning_rate=1e-4))
    assert Twin(model.module, model.tokenizer, precision="bf16").mixes_lengths


def test_step_beyond_memory_goes_in_parts(encoder: EncoderSettings, tmp_path: Path) -> None:
    import torch
    from transformers import AttentionInterface

    from sftsec_core.recipes.encoder.packing import PACKED, attend_within

    rows_at_once = 30 * 32

    def attend_little(module: Any, query: Any, *rest: Any, **more: Any) -> Any:
        if query.shape[2] > rows_at_once and torch.is_grad_enabled():
            torch.empty(2**60, dtype=torch.uint8, device="cuda")  # what a full card answers
        return attend_within(module, query, *rest, **more)

    AttentionInterface.register(PACKED, attend_little)
    try:
        parts: list[float] = []
        job = make_job(
            encoder,
            tmp_path,
            train=make_examples(640),
            batch_size=160,
            learning_rate=1e-3,
            log=lambda _step, values: parts.append(values.get("batch_parts", 0)),
        )
        assert accuracy(train_full(job)) == 1.0
        assert max(parts) in {2, 4}
    finally:
        AttentionInterface.register(PACKED, attend_within)


def test_stopped_run_is_resumed(
    encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sftsec_core.recipes.encoder.loop.CHECKPOINT_EVERY_S", 0.0)

    def stop(step: int, _values: object) -> None:
        if step == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_full(make_job(encoder, tmp_path, learning_rate=1e-4, log=stop))
    steps: list[int] = []
    job = make_job(
        encoder, tmp_path, learning_rate=1e-4, log=lambda step, _values: steps.append(step)
    )
    assert accuracy(train_full(job)) == 1.0
    assert min(steps) > 8


def test_the_estimate_is_taken_on_the_gpu(encoder: EncoderSettings, tmp_path: Path) -> None:
    assert 0 < estimate_seconds(make_job(encoder, tmp_path)) < 300

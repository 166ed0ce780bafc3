"""Fine-tuning with privacy: gradients of rows, what is noised, and what is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from sftsec_core.api.contracts import TrainJob
from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.config import AutoConfig, CascadeConfig, EncoderSettings
from sftsec_core.recipes.encoder.classifier import EncoderModel, PooledClassifier
from sftsec_core.recipes.encoder.data import EncodedTexts
from sftsec_core.recipes.encoder.full import train_full
from sftsec_core.recipes.encoder.lora import LORA, train_lora
from sftsec_core.recipes.encoder.private import PrivateRows, per_row, private_module
from sftsec_core.recipes.encoder.source import pretrained
from sftsec_core.recipes.encoder.trainer import FULL
from sftsec_core.recipes.encoder.windows import encode_windows
from sftsec_core.recipes.private_rows import privacy_of
from sftsec_core.recipes.reading import Reading
from tests.core.recipes.jobs import texts_of
from tests.core.recipes.tiny_encoder import LABELS, make_examples, make_job

LOUD = {"epsilon": 100.0, "steps": 60, "sample_rate": 0.25, "learning_rate": 3e-3}


def private_job(
    encoder: EncoderSettings, folder: Path, *, rows: int = 200, **privacy: Any
) -> TrainJob[Any]:
    return make_job(encoder, folder, train=make_examples(rows), privacy={**LOUD, **privacy})


def untrained(job: TrainJob[Any], *, adapters: bool) -> tuple[PooledClassifier, PrivateRows]:
    encoder, tokenizer = pretrained(job).load()
    module = private_module(job, LORA if adapters else FULL, encoder)
    reading = Reading.of(job.config.encoder).at_most(1)
    encoded = encode_windows(texts_of(job.train), tokenizer, reading)
    assert isinstance(encoded, EncodedTexts)
    return module.train(), PrivateRows(encoded, job.train, LABELS, 0)


class TestPerRow:
    @pytest.mark.filterwarnings("ignore:Full backward hook is firing:UserWarning")
    @pytest.mark.parametrize("adapters", [False, True])
    def test_gradients_are_those_of_a_loop(
        self, encoder: EncoderSettings, tmp_path: Path, adapters: bool
    ) -> None:
        import torch

        module, rows = untrained(private_job(encoder, tmp_path, rows=6), adapters=adapters)
        together = per_row(module)
        torch.autograd.backward(rows.loss(together, np.arange(6)))
        named: dict[str, Any] = {n: p for n, p in module.named_parameters() if p.requires_grad}
        found = {name: each.grad_sample.clone() for name, each in named.items()}
        together.remove_hooks()
        for row in range(6):
            module.zero_grad()
            torch.autograd.backward(rows.loss(module, np.array([row])))
            for name, each in named.items():
                torch.testing.assert_close(found[name][row], each.grad, rtol=1e-4, atol=1e-6)


class TestPrivateFineTune:
    @pytest.mark.parametrize("train", [train_full, train_lora])
    def test_learns_where_little_is_noised(
        self, encoder: EncoderSettings, tmp_path: Path, train: Any
    ) -> None:
        job = private_job(encoder, tmp_path / "work")
        model: EncoderModel = train(job)
        held_out = make_examples(240)[-40:]
        predicted = model.predict_proba(Batch.of_texts(texts_of(held_out))).argmax(1)
        right = [LABELS[i] == each.label for i, each in zip(predicted, held_out, strict=True)]
        assert np.mean(right) > 0.8
        spent = model.notes["differential_privacy"]
        spend = privacy_of(job.config, job.train)
        assert spend is not None
        assert spend.to_json().items() <= spent.items()
        assert (spent["rows"], spent["steps_taken"]) == (200, 60)
        assert not [name for name, _ in model.module.named_parameters() if "lora" in name]
        (tmp_path / "model").mkdir()
        model.save(tmp_path / "model")
        again = EncoderModel.load(tmp_path / "model")
        texts = Batch.of_texts(texts_of(held_out))
        np.testing.assert_allclose(again.predict_proba(texts), model.predict_proba(texts))

    def test_noise_is_of_no_seed(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        job = private_job(encoder, tmp_path, rows=40, steps=2)
        first, second = (train_lora(job).module.head.weight for _ in range(2))
        assert not np.array_equal(first.detach().numpy(), second.detach().numpy())

    def test_takes_a_step_without_rows(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        job = private_job(encoder, tmp_path, rows=20, steps=3, sample_rate=1e-6)
        assert train_lora(job).notes["differential_privacy"]["steps_taken"] == 3

    def test_keeps_embeddings_as_they_were(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        job = private_job(encoder, tmp_path, rows=40, steps=2)
        before, after = pretrained(job).load()[0].state_dict(), train_full(job).module.encoder
        name = "embeddings.word_embeddings.weight"
        np.testing.assert_array_equal(after.state_dict()[name].cpu(), before[name])

    def test_refuses_what_no_noise_keeps(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        job = private_job(encoder, tmp_path, epsilon=0.001, steps=5000, sample_rate=1.0)
        with pytest.raises(TrainingError, match=r"lower privacy\.steps"):
            train_full(job)

    @pytest.mark.parametrize("config", [AutoConfig, CascadeConfig])
    def test_is_refused_within_a_choice(self, config: Any) -> None:
        with pytest.raises(ValidationError, match="choose that recipe"):
            config(full={"privacy": {}})

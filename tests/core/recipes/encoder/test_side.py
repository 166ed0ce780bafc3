"""Numbers and categories beside the text of a fine-tuned encoder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sftsec_core.api.domain import Batch, Example, Inputs
from sftsec_core.api.errors import IntegrityError
from sftsec_core.models.artifact import publish
from sftsec_core.recipes.config import EncoderSettings, LoraTuneConfig
from sftsec_core.recipes.encoder.classifier import EncoderModel, PooledClassifier, read_logits
from sftsec_core.recipes.encoder.encoder import load_encoder
from sftsec_core.recipes.encoder.full import train_full
from sftsec_core.recipes.encoder.lora import train_lora
from sftsec_core.recipes.encoder.side import SideInput
from tests.core.recipes.mixed import MIXED, mixed_examples, mixed_job, right_of


def number_only(count: int, seed: int = 0) -> list[Example]:
    """One text for all; beyond 50 the number is an attack's."""
    random = np.random.default_rng(seed)
    made = []
    for place, value in enumerate(random.uniform(0, 100, count).tolist()):
        inputs: Inputs = {"text": "alert", "count": value, "host": "web"}
        made.append(Example(f"{seed}-{place}", inputs, "malicious" if value > 50 else "benign"))
    return made


def side_job(encoder: EncoderSettings, workdir: Path, *, epochs: int = 3, **changes: Any) -> Any:
    config = LoraTuneConfig(encoder=encoder, epochs=epochs, batch_size=8, learning_rate=1e-3)
    return mixed_job(workdir, config, **{"train": number_only(96), **changes})


@pytest.fixture(scope="module")
def model(encoder: EncoderSettings, tmp_path_factory: pytest.TempPathFactory) -> EncoderModel:
    return train_full(side_job(encoder, tmp_path_factory.mktemp("side")))


def proba(model: EncoderModel, *rows: Inputs) -> Any:
    return model.predict_proba(Batch.of(MIXED.inputs, rows))


class TestStart:
    @pytest.mark.parametrize("training", [False, True], ids=["scoring", "training"])
    def test_is_the_text_only_model(self, training: bool, encoder: EncoderSettings) -> None:
        import torch

        logits = []
        for columns in (0, 5):
            torch.manual_seed(3)
            module = PooledClassifier(
                load_encoder(Path(encoder.path)), 2, 0.1, side_columns=columns
            ).train(training)
            torch.manual_seed(4)
            ids = torch.arange(10, 22).view(2, 6)
            side = {"side": torch.randn(2, 5, generator=torch.Generator().manual_seed(1))}
            given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
            logits.append(module(**given, **(side if columns else {})))
        assert torch.equal(*logits)

    def test_gradients_reach_the_zeroes(self) -> None:
        import torch

        side = SideInput(5, 8, dropout=0.0)
        side(torch.ones(3, 5)).sum().backward()
        assert side.outer.weight.grad is not None
        assert side.outer.weight.grad.abs().min() > 0


class TestLearning:
    def test_number_alone_decides(self, model: EncoderModel) -> None:
        assert right_of(model, number_only(200, seed=1)) > 0.93

    def test_adapters_learn_it_too(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        model = train_lora(side_job(encoder, tmp_path))
        assert right_of(model, number_only(200, seed=1)) > 0.93


class TestScoring:
    def test_equal_texts_differ_by_numbers(self, model: EncoderModel) -> None:
        rows: list[Inputs] = [{"text": "alert", "count": n, "host": "web"} for n in (9.0, 91.0)]
        together = proba(model, *rows, *rows[::-1])
        assert together[0, 1] < 0.5 < together[1, 1]
        np.testing.assert_array_equal(together[:2], together[:1:-1])
        np.testing.assert_allclose(together[:2], [proba(model, row)[0] for row in rows], atol=1e-5)

    def test_encoder_reads_each_text_once(
        self, model: EncoderModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: list[int] = []

        def counting(*given: Any) -> Any:
            read.append(len(given[1].texts))
            return read_logits(*given)

        monkeypatch.setattr("sftsec_core.recipes.encoder.classifier.read_logits", counting)
        rows: list[Inputs] = [{"text": f"alert {n % 2}", "count": float(n)} for n in range(30)]
        proba(model, *rows)
        assert read == [2]

    def test_missing_is_none_or_absent(self, model: EncoderModel) -> None:
        missing = {"text": "alert", "count": None, "host": None}
        found = proba(model, missing, {"text": "alert"}, {**missing, "count": 91.0})
        np.testing.assert_array_equal(found[0], found[1])
        assert found[2, 1] > found[0, 1] + 0.1

    def test_saved_model_scores_the_same(self, model: EncoderModel, tmp_path: Path) -> None:
        model.save(tmp_path)
        batch = Batch.of_examples(MIXED.inputs, mixed_examples(30))
        loaded = EncoderModel.load(tmp_path)
        np.testing.assert_array_equal(loaded.predict_proba(batch), model.predict_proba(batch))
        kept = json.loads((tmp_path / "classifier.json").read_text())["side"]
        assert [each["name"] for each in kept["numbers"]] == ["count"]

    def test_file_of_another_shape_is_refused(self, model: EncoderModel, tmp_path: Path) -> None:
        model.save(tmp_path)
        settings = json.loads((tmp_path / "classifier.json").read_text())
        settings["side"]["numbers"] = []
        (tmp_path / "classifier.json").write_text(json.dumps(settings))
        with pytest.raises(IntegrityError, match="numbers and categories"):
            EncoderModel.load(tmp_path)

    def test_is_what_training_evaluated(
        self, encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import torch

        seen: list[Any] = []

        def watched(*given: Any) -> Any:
            seen.append(read_logits(*given))
            return seen[-1]

        monkeypatch.setattr("sftsec_core.recipes.encoder.loop.read_logits", watched)
        dev = mixed_examples(40, seed=2)
        train = mixed_examples(48)
        model = train_full(side_job(encoder, tmp_path, dev=dev, train=train, epochs=1))
        own = torch.softmax(seen[0].double(), -1).numpy()
        found = model.predict_proba(Batch.of_examples(MIXED.inputs, dev))
        np.testing.assert_allclose(found, own, atol=1e-5)


def test_resumed_run_makes_the_same_files(
    encoder: EncoderSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sftsec_core.recipes.encoder.loop.CHECKPOINT_EVERY_S", 0.0)

    def interrupt(now: int, _values: Mapping[str, float]) -> None:
        if now == 7:
            raise KeyboardInterrupt

    work, train = tmp_path / "work", mixed_examples(40)
    with pytest.raises(KeyboardInterrupt):
        train_full(side_job(encoder, work, log=interrupt, train=train))
    steps: list[int] = []
    digests = set()
    for name, job in {
        "resumed": side_job(encoder, work, log=lambda step, _: steps.append(step), train=train),
        "whole": side_job(encoder, tmp_path / "again", train=train),
    }.items():
        (tmp_path / name).mkdir()
        train_full(job).save(tmp_path / name)
        digests.add(publish(tmp_path / name, tmp_path / "models")[0])
    assert min(steps) == 7
    assert len(digests) == 1

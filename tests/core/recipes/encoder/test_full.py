from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sftsec_core.api.domain import Batch, Example
from sftsec_core.api.errors import IntegrityError, TrainingError
from sftsec_core.models.model_format import check_files
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.classifier import EncoderModel
from sftsec_core.recipes.encoder.full import train_full
from tests.core.recipes.jobs import texts_of
from tests.core.recipes.tiny_encoder import (
    BAD,
    LABELS,
    PROBES,
    make_examples,
    make_job,
    make_tiny_encoder,
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> EncoderSettings:
    return make_tiny_encoder(tmp_path_factory.mktemp("tiny") / "encoder")


@pytest.fixture(scope="module")
def trained(encoder: EncoderSettings, tmp_path_factory: pytest.TempPathFactory) -> EncoderModel:
    return train_full(make_job(encoder, tmp_path_factory.mktemp("work"), epochs=6))


def test_it_learns_what_the_words_tell(trained: EncoderModel) -> None:
    held_out = make_examples(40)[-10:]
    predicted = trained.predict_proba(Batch.of_texts(texts_of(held_out))).argmax(1)
    assert [LABELS[i] for i in predicted] == [example.label for example in held_out]


def test_rows_are_probabilities_in_the_order_of_the_texts(trained: EncoderModel) -> None:
    scores = trained.predict_proba(Batch.of_texts(PROBES))
    assert scores.shape == (len(PROBES), 2)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-12)
    one_by_one = np.concatenate([trained.predict_proba(Batch.of_texts([text])) for text in PROBES])
    np.testing.assert_allclose(scores, one_by_one, atol=1e-5)


def test_blocks_and_equal_texts_change_no_score(
    trained: EncoderModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [*PROBES, *PROBES[::-1]]
    whole = trained.predict_proba(Batch.of_texts(texts))
    monkeypatch.setattr("sftsec_core.recipes.encoder.classifier.SCORE_BLOCK", 3)
    np.testing.assert_allclose(trained.predict_proba(Batch.of_texts(texts)), whole, atol=1e-5)


def test_no_texts_give_no_rows(trained: EncoderModel) -> None:
    assert trained.predict_proba(Batch.of_texts([])).shape == (0, 2)


def test_a_saved_model_loads_with_the_very_same_probabilities(
    trained: EncoderModel, tmp_path: Path
) -> None:
    trained.save(tmp_path)
    check_files(tmp_path)
    loaded = EncoderModel.load(tmp_path)
    assert loaded.labels == LABELS
    np.testing.assert_array_equal(
        loaded.predict_proba(Batch.of_texts(PROBES)), trained.predict_proba(Batch.of_texts(PROBES))
    )


@pytest.mark.parametrize("name", ["model.safetensors", "head.safetensors", "classifier.json"])
def test_a_missing_file_is_an_integrity_error(
    name: str, trained: EncoderModel, tmp_path: Path
) -> None:
    trained.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(IntegrityError, match=str(tmp_path)):
        EncoderModel.load(tmp_path)


def test_weights_that_a_file_lacks_are_not_made_up(trained: EncoderModel, tmp_path: Path) -> None:
    trained.save(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["encoder.layer.0.attention.self.query.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(IntegrityError, match="query"):
        EncoderModel.load(tmp_path)


def test_a_cut_off_file_is_an_integrity_error(trained: EncoderModel, tmp_path: Path) -> None:
    trained.save(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(IntegrityError):
        EncoderModel.load(tmp_path)


def test_a_class_that_train_lacks_has_its_column(encoder: EncoderSettings, tmp_path: Path) -> None:
    labels = ("benign", "exotic", "malicious")
    model = train_full(make_job(encoder, tmp_path, labels=labels, epochs=6))
    scores = model.predict_proba(Batch.of_texts(BAD))
    assert scores.shape == (len(BAD), 3)
    assert set(scores.argmax(1)) == {2}


def test_hundreds_of_classes_are_trained(encoder: EncoderSettings, tmp_path: Path) -> None:
    labels = tuple(f"T{i:03}" for i in range(200))
    job = make_job(
        encoder, tmp_path, labels=labels, train=make_examples(200, labels=labels), epochs=1
    )
    assert train_full(replace(job, dev=())).predict_proba(Batch.of_texts(["x"])).shape == (1, 200)


def test_without_dev_it_trains_all_epochs(encoder: EncoderSettings, tmp_path: Path) -> None:
    steps: list[int] = []
    job = make_job(encoder, tmp_path, dev=(), log=lambda step, _values: steps.append(step))
    train_full(job)
    assert max(steps) == 24  # three epochs of eight batches


def test_one_trusted_label_is_refused(encoder: EncoderSettings, tmp_path: Path) -> None:
    train = [
        replace(example, weight=float(example.label == "benign")) for example in make_examples(20)
    ]
    with pytest.raises(TrainingError, match="two labels"):
        train_full(make_job(encoder, tmp_path, train=train))


def test_examples_without_trust_teach_nothing(encoder: EncoderSettings, tmp_path: Path) -> None:
    lies = [Example.of_text(f"lie{i}", BAD[i % 5], "benign", weight=0.0) for i in range(40)]
    honest = train_full(make_job(encoder, tmp_path / "a"))
    told = train_full(make_job(encoder, tmp_path / "b", train=[*make_examples(60), *lies]))
    np.testing.assert_array_equal(
        honest.predict_proba(Batch.of_texts(PROBES)), told.predict_proba(Batch.of_texts(PROBES))
    )


def test_a_little_trust_teaches_less_than_full_trust(
    encoder: EncoderSettings, tmp_path: Path
) -> None:
    def score(trust: float) -> float:
        doubted = [
            Example.of_text(f"d{i}", "evil beacon", "benign", weight=trust) for i in range(40)
        ]
        job = make_job(encoder, tmp_path / f"{trust}", train=[*make_examples(60), *doubted], dev=())
        return float(train_full(job).predict_proba(Batch.of_texts(["evil beacon"]))[0, 0])

    assert score(0.05) < score(1.0)


def test_the_same_seed_gives_the_same_model_and_another_seed_another(
    encoder: EncoderSettings, tmp_path: Path
) -> None:
    first = train_full(make_job(encoder, tmp_path / "a")).predict_proba(Batch.of_texts(PROBES))
    second = train_full(make_job(encoder, tmp_path / "b")).predict_proba(Batch.of_texts(PROBES))
    other = train_full(make_job(encoder, tmp_path / "c", seed=14)).predict_proba(
        Batch.of_texts(PROBES)
    )
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 1e-6


def legacy_state() -> str:
    return repr(np.random.get_state())


def test_global_random_generators_are_left_alone(encoder: EncoderSettings, tmp_path: Path) -> None:
    import torch

    before = (random.getstate(), legacy_state(), torch.get_rng_state())
    train_full(make_job(encoder, tmp_path, epochs=1))
    assert random.getstate() == before[0]
    assert legacy_state() == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])


def test_it_writes_only_into_its_workdir_and_prints_nothing(
    encoder: EncoderSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    train_full(make_job(encoder, tmp_path / "work", epochs=1))
    assert list(elsewhere.iterdir()) == []
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["full"]
    assert capfd.readouterr() == ("", "")


def test_losses_and_dev_figures_are_logged(encoder: EncoderSettings, tmp_path: Path) -> None:
    logged: list[tuple[int, dict[str, float]]] = []
    job = make_job(encoder, tmp_path, log=lambda step, values: logged.append((step, dict(values))))
    train_full(job)
    dev = [step for step, values in logged if "dev_macro_f1" in values]
    assert dev == [8, 16, 24]
    losses = [values["loss"] for _, values in logged if "loss" in values]
    assert losses[-1] < losses[0]


def test_a_diverged_training_is_an_error_and_not_a_model(
    encoder: EncoderSettings, tmp_path: Path
) -> None:
    job = make_job(encoder, tmp_path, learning_rate=1e38, max_grad_norm=1e30, dev=())
    with pytest.raises(TrainingError, match="lower learning_rate"):
        train_full(job)

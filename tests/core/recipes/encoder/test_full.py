"""Fine-tuning the whole encoder."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sftsec_core.api.domain import Batch, Example, Objective
from sftsec_core.api.errors import TrainingError
from sftsec_core.recipes.config import EncoderSettings
from sftsec_core.recipes.encoder.classifier import EncoderModel
from sftsec_core.recipes.encoder.full import train_full
from sftsec_core.recipes.goal import Goal, columns
from tests.core.recipes.jobs import texts_of
from tests.core.recipes.tiny_encoder import BAD, LABELS, PROBES, make_examples, make_job


def legacy_state() -> str:
    return repr(np.random.get_state())


class TestLearning:
    def test_learns_what_the_words_tell(self, trained: EncoderModel) -> None:
        held_out = make_examples(40)[-10:]
        predicted = trained.predict_proba(Batch.of_texts(texts_of(held_out))).argmax(1)
        assert [LABELS[i] for i in predicted] == [example.label for example in held_out]

    def test_unseen_class_has_its_column(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        labels = ("benign", "exotic", "malicious")
        model = train_full(make_job(encoder, tmp_path, labels=labels, epochs=6))
        scores = model.predict_proba(Batch.of_texts(BAD))
        assert scores.shape == (len(BAD), 3)
        assert set(scores.argmax(1)) == {2}

    def test_hundreds_of_classes_are_trained(
        self, encoder: EncoderSettings, tmp_path: Path
    ) -> None:
        labels = tuple(f"T{i:03}" for i in range(200))
        job = make_job(
            encoder, tmp_path, labels=labels, train=make_examples(200, labels=labels), epochs=1
        )
        assert train_full(replace(job, dev=())).predict_proba(Batch.of_texts(["x"])).shape == (
            1,
            200,
        )

    def test_trains_all_epochs_without_dev(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        steps: list[int] = []
        job = make_job(encoder, tmp_path, dev=(), log=lambda step, _values: steps.append(step))
        train_full(job)
        assert max(steps) == 24  # three epochs of eight batches

    def test_divergence_is_an_error(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        job = make_job(encoder, tmp_path, learning_rate=1e38, max_grad_norm=1e30, dev=())
        with pytest.raises(TrainingError, match="lower learning_rate"):
            train_full(job)


class TestTrust:
    def test_one_trusted_label_is_refused(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        train = [
            replace(example, weight=float(example.label == "benign"))
            for example in make_examples(20)
        ]
        with pytest.raises(TrainingError, match="two labels"):
            train_full(make_job(encoder, tmp_path, train=train))

    def test_examples_without_trust_teach_nothing(
        self, encoder: EncoderSettings, tmp_path: Path
    ) -> None:
        lies = [Example.of_text(f"lie{i}", BAD[i % 5], "benign", weight=0.0) for i in range(40)]
        honest = train_full(make_job(encoder, tmp_path / "a"))
        told = train_full(make_job(encoder, tmp_path / "b", train=[*make_examples(60), *lies]))
        np.testing.assert_array_equal(
            honest.predict_proba(Batch.of_texts(PROBES)), told.predict_proba(Batch.of_texts(PROBES))
        )

    def test_little_trust_teaches_less(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        def score(trust: float) -> float:
            doubted = [
                Example.of_text(f"d{i}", "evil beacon", "benign", weight=trust) for i in range(40)
            ]
            job = make_job(
                encoder, tmp_path / f"{trust}", train=[*make_examples(60), *doubted], dev=()
            )
            return float(train_full(job).predict_proba(Batch.of_texts(["evil beacon"]))[0, 0])

        assert score(0.05) < score(1.0)


class TestDeterminism:
    def test_seed_decides_the_model(self, encoder: EncoderSettings, tmp_path: Path) -> None:
        first = train_full(make_job(encoder, tmp_path / "a")).predict_proba(Batch.of_texts(PROBES))
        second = train_full(make_job(encoder, tmp_path / "b")).predict_proba(Batch.of_texts(PROBES))
        other = train_full(make_job(encoder, tmp_path / "c", seed=14)).predict_proba(
            Batch.of_texts(PROBES)
        )
        np.testing.assert_array_equal(first, second)
        assert np.abs(first - other).max() > 1e-6

    def test_global_random_generators_are_left_alone(
        self, encoder: EncoderSettings, tmp_path: Path
    ) -> None:
        import torch

        before = (random.getstate(), legacy_state(), torch.get_rng_state())
        train_full(make_job(encoder, tmp_path, epochs=1))
        assert random.getstate() == before[0]
        assert legacy_state() == before[1]
        assert torch.equal(torch.get_rng_state(), before[2])


class TestOutput:
    def test_writes_only_into_the_workdir(
        self,
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

    def test_losses_and_dev_figures_are_logged(
        self, encoder: EncoderSettings, tmp_path: Path
    ) -> None:
        logged: list[tuple[int, dict[str, float]]] = []
        job = make_job(
            encoder, tmp_path, log=lambda step, values: logged.append((step, dict(values)))
        )
        train_full(job)
        dev = [step for step, values in logged if "dev_macro_f1" in values]
        assert dev == [8, 16, 24]
        losses = [values["loss"] for _, values in logged if "loss" in values]
        assert losses[-1] < losses[0]

    @pytest.mark.parametrize("metric", ["expected_cost", "average_precision"])
    def test_epochs_are_scored_by_the_metric(
        self, metric: str, encoder: EncoderSettings, tmp_path: Path
    ) -> None:
        logged: list[float] = []
        job = make_job(
            encoder,
            tmp_path,
            epochs=1,
            log=lambda _step, values: logged.extend(
                value for name, value in values.items() if name == "dev_score"
            ),
        )
        labels = job.task.labels
        job = replace(job, task=replace(job.task, benign=labels[0], objective=Objective(metric)))
        proba = train_full(job).predict_proba(Batch.of_examples(job.task.inputs, job.dev))
        y = columns(job.dev, job.task)
        assert logged == [pytest.approx(Goal.of(job.task, y).score(proba, y), abs=1e-6)]
        assert (logged[0] < 0) == (metric == "expected_cost")

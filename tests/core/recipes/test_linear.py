"""The n-gram baseline: fitting, scoring and its saved form."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from sftsec_core.api.domain import Batch, Example
from sftsec_core.models.model_format import read_tensors, write_tensors
from sftsec_core.recipes.config import LinearConfig
from sftsec_core.recipes.linear import WEIGHTS, load_linear, train_linear
from tests.core.recipes.jobs import ODD_TEXTS, job_of, many_classes, texts_of, two_classes


class TestTrainLinear:
    def test_tells_two_classes_apart(self, tmp_path: Path) -> None:
        job = job_of(two_classes(), tmp_path)
        proba = train_linear(job).predict_proba(
            Batch.of_texts(["curl evil host malicious", "git commit benign"])
        )
        assert job.task.labels == ("benign", "malicious")
        assert proba[0, 1] > 0.5 > proba[1, 1]
        np.testing.assert_allclose(proba.sum(axis=1), 1)

    def test_names_texts_beyond_its_bound(self, tmp_path: Path) -> None:
        model = train_linear(job_of(two_classes(), tmp_path))
        batch = Batch.of_texts(["", "x" * 100_000, "x" * 100_001])
        assert model.reads_whole(batch).tolist() == [True, True, False]

    def test_bound_is_kept_in_the_model(self, tmp_path: Path) -> None:
        model = train_linear(job_of(two_classes(), tmp_path, config=LinearConfig(max_chars=300)))
        model.save(tmp_path)
        batch = Batch.of_texts(["git " * 75, "git " * 75 + "evil", "evil " + "git " * 73])
        for each in (model, load_linear(tmp_path)):
            assert each.reads_whole(batch).tolist() == [True, False, True]
            proba = each.predict_proba(batch)
            assert proba[0, 1] == proba[1, 1] < proba[2, 1]

    def test_model_without_a_bound_reads_as_before(self, tmp_path: Path) -> None:
        model = train_linear(job_of(two_classes(), tmp_path, config=LinearConfig(max_chars=2000)))
        model.save(tmp_path)
        tensors = read_tensors(tmp_path / WEIGHTS)
        write_tensors(
            tmp_path / WEIGHTS, {k: v for k, v in tensors.items() if k != "ngram.max_chars"}
        )
        batch = Batch.of_texts(["git " * 500, "git " * 500 + "evil"])
        np.testing.assert_array_equal(
            load_linear(tmp_path).predict_proba(batch), model.predict_proba(batch)
        )

    def test_same_seed_gives_same_model(self, tmp_path: Path) -> None:
        one, other = (train_linear(job_of(two_classes(), tmp_path, seed=7)) for _ in range(2))
        np.testing.assert_array_equal(one.head.weights, other.head.weights)

    def test_odd_texts_are_trained_on_and_scored(self, tmp_path: Path) -> None:
        odd = [Example.of_text(f"o{i}", text, "malicious") for i, text in enumerate(ODD_TEXTS)]
        model = train_linear(job_of([*two_classes(), *odd], tmp_path))
        proba = model.predict_proba(Batch.of_texts(ODD_TEXTS))
        assert proba.shape == (len(ODD_TEXTS), 2)
        assert np.isfinite(proba).all()
        assert model.predict_proba(Batch.of_texts([])).shape == (0, 2)

    def test_learns_a_class_with_one_row(self, tmp_path: Path) -> None:
        lone = Example.of_text("lone", "zebra crossing", "zoo")
        model = train_linear(job_of([*two_classes(), lone], tmp_path))
        assert (
            model.labels[model.predict_proba(Batch.of_texts(["zebra crossing"])).argmax()] == "zoo"
        )

    def test_learns_hundreds_of_classes(self, tmp_path: Path) -> None:
        examples = many_classes(150)
        started = time.monotonic()
        model = train_linear(job_of(examples, tmp_path))
        predicted = model.predict_proba(Batch.of_texts(texts_of(examples))).argmax(axis=1)
        assert [model.labels[i] for i in predicted] == [example.label for example in examples]
        assert time.monotonic() - started < 60

    def test_loaded_model_answers_the_same(self, tmp_path: Path) -> None:
        model = train_linear(job_of(two_classes(), tmp_path))
        model.save(tmp_path)
        texts = texts_of(two_classes()) + list(ODD_TEXTS)
        np.testing.assert_array_equal(
            load_linear(tmp_path).predict_proba(Batch.of_texts(texts)),
            model.predict_proba(Batch.of_texts(texts)),
        )

"""The n-gram baseline: fitting, scoring and its saved form."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

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


class TestContributions:
    TEXTS = (
        "curl evil host malicious",
        "git commit benign",
        "",
        "\u0130stanbul CURL\r\nevil \U0001f600 e\u0301vil \u03a3\u03af\u03c3\u03c5\u03c2",
        "never seen \x00\x1b\ud800 \u3000 evil",
        "evil benign " * 9000,
    )

    def test_sum_to_the_log_odds(self, tmp_path: Path) -> None:
        model = train_linear(job_of(two_classes(), tmp_path))
        batch = Batch.of_texts(self.TEXTS)
        proba = model.predict_proba(batch)
        for pair in ((1, 0), (0, 1)):
            found = model.contributions(batch, [pair] * len(batch))
            wanted = np.log(proba[:, pair[0]] / proba[:, pair[1]])
            np.testing.assert_allclose([each.log_odds for each in found], wanted, atol=2e-5)
            assert [len(each.characters) for each in found] == list(map(len, self.TEXTS))

    def test_of_several_classes_sum_too(self, tmp_path: Path) -> None:
        examples = many_classes(4)
        model = train_linear(job_of(examples, tmp_path))
        batch = Batch.of_texts(texts_of(examples[:6]))
        proba = model.predict_proba(batch)
        pairs = [(row % 3, 3) for row in range(6)]
        found = model.contributions(batch, pairs)
        wanted = [np.log(proba[row, a] / proba[row, b]) for row, (a, b) in enumerate(pairs)]
        np.testing.assert_allclose([each.log_odds for each in found], wanted, atol=2e-5)

    def test_fall_on_the_planted_word(self, tmp_path: Path) -> None:
        model = train_linear(job_of(two_classes(), tmp_path))
        text = "\U0001f600 x\r\ny EVIL zebra"
        (found,) = model.contributions(Batch.of_texts([text]), [(1, 0)])
        start = text.index("EVIL")
        assert found.characters[start : start + 4].sum() == pytest.approx(
            found.characters[found.characters > 0].sum(), rel=0.5
        )
        spaces = [number for number, each in enumerate(text) if each.isspace()]
        assert not found.characters[spaces].any()

    def test_are_zero_of_an_unseen_class(self, tmp_path: Path) -> None:
        job = job_of(two_classes(), tmp_path)
        job = replace(job, task=replace(job.task, labels=(*job.task.labels, "never")))
        (found,) = train_linear(job).contributions(Batch.of_texts(["evil"]), [(2, 0)])
        assert not found.characters.any()

    def test_beyond_the_bound_are_zero(self, tmp_path: Path) -> None:
        model = train_linear(job_of(two_classes(), tmp_path, config=LinearConfig(max_chars=300)))
        (found,) = model.contributions(Batch.of_texts(["git " * 75 + "evil"]), [(1, 0)])
        assert found.characters[:300].any()
        assert not found.characters[300:].any()


class TestEmbed:
    def test_alike_texts_are_near(self, tmp_path: Path) -> None:
        model = train_linear(job_of(two_classes(), tmp_path))
        rows = model.embed(Batch.of_texts(["curl evil host", "curl evil hosts", "git commit"]))
        cosines = (rows @ rows.T).toarray()
        np.testing.assert_allclose(np.diag(cosines), 1, atol=1e-5)
        assert cosines[0, 1] > 0.8
        assert cosines[0, 2] < 0.3

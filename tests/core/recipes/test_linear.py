from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from sftsec_core.api.domain import Batch, Example
from sftsec_core.api.errors import DataError
from sftsec_core.recipes import ngrams
from sftsec_core.recipes.linear import load_linear, train_linear
from sftsec_core.recipes.logistic import MAX_PARAMETERS, feature_bound
from sftsec_core.recipes.ngrams import NgramTfidf
from tests.core.recipes.jobs import ODD_TEXTS, job_of, many_classes, texts_of, two_classes


def reference(texts: list[str]) -> TfidfVectorizer:
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    return vectorizer.fit(texts)


@given(st.lists(st.text("abAB é\t01", max_size=12), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_the_features_are_those_of_scikit_learn(texts: list[str]) -> None:
    texts = [*texts, "anchor"]
    ours = NgramTfidf.fit(texts)
    features = ours.transform(texts)
    expected = reference(texts).transform(texts)
    assert features.shape == expected.shape
    # The columns stand in another order; what texts have in common does not depend on it.
    np.testing.assert_allclose(
        (features @ features.T).toarray(), (expected @ expected.T).toarray(), atol=1e-5
    )


def test_blocks_of_texts_give_what_one_block_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = texts_of(two_classes(30))
    whole = NgramTfidf.fit(texts)
    monkeypatch.setattr(ngrams, "_BLOCK_CHARS", 50)
    parts = NgramTfidf.fit(texts)
    np.testing.assert_array_equal(whole.codes, parts.codes)
    np.testing.assert_array_equal(whole.idf, parts.idf)
    assert (whole.transform(texts) != parts.transform(texts)).nnz == 0


def test_a_bound_keeps_the_ngrams_of_most_texts() -> None:
    bounded = NgramTfidf.fit(["xa", "xb", "xc"], max_features=2)
    assert bounded.transform(["x"]).nnz == 2  # the letter that all share, and its word's start
    assert bounded.transform(["abc"]).nnz == 1  # no letter of its own, but a space at its edge


def test_many_classes_get_fewer_features_so_that_memory_stays_bounded() -> None:
    assert feature_bound(2) == MAX_PARAMETERS
    assert feature_bound(300) * 300 <= MAX_PARAMETERS


def test_only_the_first_characters_of_a_huge_text_are_read() -> None:
    vectors = NgramTfidf.fit(["start", "end"]).transform(
        ["start " * 400, "start " * 400 + "end " * 1_000_000]
    )
    assert (vectors[0] != vectors[1]).nnz == 0


def test_it_tells_two_classes_apart(tmp_path: Path) -> None:
    job = job_of(two_classes(), tmp_path)
    proba = train_linear(job).predict_proba(
        Batch.of_texts(["curl evil host malicious", "git commit benign"])
    )
    assert job.task.labels == ("benign", "malicious")
    assert proba[0, 1] > 0.5 > proba[1, 1]
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_saved_and_loaded_it_answers_the_same(tmp_path: Path) -> None:
    model = train_linear(job_of(two_classes(), tmp_path))
    model.save(tmp_path)
    texts = texts_of(two_classes()) + list(ODD_TEXTS)
    np.testing.assert_array_equal(
        load_linear(tmp_path).predict_proba(Batch.of_texts(texts)),
        model.predict_proba(Batch.of_texts(texts)),
    )


def test_the_same_seed_gives_the_same_model(tmp_path: Path) -> None:
    one, other = (train_linear(job_of(two_classes(), tmp_path, seed=7)) for _ in range(2))
    np.testing.assert_array_equal(one.head.weights, other.head.weights)


def test_odd_texts_are_trained_on_and_scored(tmp_path: Path) -> None:
    odd = [Example.of_text(f"o{i}", text, "malicious") for i, text in enumerate(ODD_TEXTS)]
    model = train_linear(job_of([*two_classes(), *odd], tmp_path))
    proba = model.predict_proba(Batch.of_texts(ODD_TEXTS))
    assert proba.shape == (len(ODD_TEXTS), 2)
    assert np.isfinite(proba).all()
    assert model.predict_proba(Batch.of_texts([])).shape == (0, 2)


def test_empty_texts_alone_are_refused_with_a_clear_line(tmp_path: Path) -> None:
    blank = [
        Example.of_text("1", "", "a"),
        Example.of_text("2", " ", "a"),
        Example.of_text("3", "", "b"),
    ]
    with pytest.raises(DataError, match="every training text is empty"):
        train_linear(job_of(blank, tmp_path))


def test_a_class_with_one_row_is_learnt(tmp_path: Path) -> None:
    lone = Example.of_text("lone", "zebra crossing", "zoo")
    model = train_linear(job_of([*two_classes(), lone], tmp_path))
    assert model.labels[model.predict_proba(Batch.of_texts(["zebra crossing"])).argmax()] == "zoo"


def test_hundreds_of_classes_are_learnt(tmp_path: Path) -> None:
    examples = many_classes(150)
    started = time.monotonic()
    model = train_linear(job_of(examples, tmp_path))
    predicted = model.predict_proba(Batch.of_texts(texts_of(examples))).argmax(axis=1)
    assert [model.labels[i] for i in predicted] == [example.label for example in examples]
    assert time.monotonic() - started < 60


def test_a_class_that_training_never_saw_has_a_column_of_zeros(tmp_path: Path) -> None:
    job = job_of(two_classes(), tmp_path)
    task = replace(job.task, labels=("benign", "malicious", "rare"))
    proba = train_linear(replace(job, task=task)).predict_proba(Batch.of_texts(["anything"]))
    assert proba.shape == (1, 3)
    assert proba[0, 2] == 0
    assert proba.sum() == pytest.approx(1)


def test_one_label_alone_is_refused_with_a_clear_line(tmp_path: Path) -> None:
    examples = [example for example in two_classes() if example.label == "benign"]
    with pytest.raises(DataError, match=r"two labels or more; all 20 are 'benign'"):
        train_linear(job_of(examples, tmp_path))


def test_no_rows_at_all_are_refused(tmp_path: Path) -> None:
    job = replace(job_of(two_classes(), tmp_path), train=())
    with pytest.raises(DataError, match="there are none"):
        train_linear(job)


def test_an_example_without_trust_is_left_out(tmp_path: Path) -> None:
    doubted = [replace(e, weight=0.0) for e in two_classes() if e.label == "malicious"]
    kept = [e for e in two_classes() if e.label == "benign"]
    with pytest.raises(DataError, match="two labels"):
        train_linear(job_of([*kept, *doubted], tmp_path))


def test_class_weights_of_none_favour_the_common_class(tmp_path: Path) -> None:
    common = [Example.of_text(f"c{i}", f"same words {i % 3}", "benign") for i in range(40)]
    rare = [Example.of_text(f"r{i}", f"same words {i % 3}", "malicious") for i in range(4)]
    balanced, plain = (
        train_linear(job_of([*common, *rare], tmp_path, class_weights=weights))
        for weights in ("balanced", "none")
    )
    text = ["same words 1"]
    assert (
        plain.predict_proba(Batch.of_texts(text))[0, 1]
        < 0.2
        < balanced.predict_proba(Batch.of_texts(text))[0, 1]
    )

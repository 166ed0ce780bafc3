"""The n-gram features are scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from sftsec_core.recipes import ngrams
from sftsec_core.recipes.ngrams import NgramTfidf
from tests.core.recipes.jobs import texts_of, two_classes


def reference(texts: list[str]) -> TfidfVectorizer:
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    return vectorizer.fit(texts)


class TestNgramTfidf:
    @given(st.lists(st.text("abAB é\t01", max_size=12), min_size=1, max_size=6))
    @settings(max_examples=60, deadline=None)
    def test_gives_the_features_of_scikit_learn(self, texts: list[str]) -> None:
        texts = [*texts, "anchor"]
        ours = NgramTfidf.fit(texts)
        features = ours.transform(texts)
        expected = reference(texts).transform(texts)
        assert features.shape == expected.shape
        # The columns stand in another order; what texts have in common does not depend on it.
        np.testing.assert_allclose(
            (features @ features.T).toarray(), (expected @ expected.T).toarray(), atol=1e-5
        )

    def test_blocks_change_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        texts = texts_of(two_classes(30))
        whole = NgramTfidf.fit(texts)
        monkeypatch.setattr(ngrams, "_BLOCK_CHARS", 50)
        parts = NgramTfidf.fit(texts)
        np.testing.assert_array_equal(whole.codes, parts.codes)
        np.testing.assert_array_equal(whole.idf, parts.idf)
        assert (whole.transform(texts) != parts.transform(texts)).nnz == 0

    def test_bound_keeps_the_commonest_ngrams(self) -> None:
        bounded = NgramTfidf.fit(["xa", "xb", "xc"], max_features=2)
        assert bounded.transform(["x"]).nnz == 2  # the letter that all share, and its word's start
        assert bounded.transform(["abc"]).nnz == 1  # no letter of its own, but a space at its edge

    def test_reads_only_a_huge_texts_beginning(self) -> None:
        vectors = NgramTfidf.fit(["start", "end"]).transform(
            ["start " * 20_000, "start " * 20_000 + "end " * 1_000_000]
        )
        assert (vectors[0] != vectors[1]).nnz == 0

    def test_reads_beyond_the_beginning(self) -> None:
        ngrams = NgramTfidf.fit(["start " * 8_000 + "end"])
        vectors = ngrams.transform(["start " * 8_000, "start " * 8_000 + "end"])
        assert (vectors[0] != vectors[1]).nnz > 0

    def test_rarest_are_forgotten_past_a_bound(self, monkeypatch: pytest.MonkeyPatch) -> None:
        texts = [*(["common words"] * 9), "qzj"]
        monkeypatch.setattr(ngrams, "_BLOCK_CHARS", 5)
        whole = NgramTfidf.fit(texts)
        monkeypatch.setattr(ngrams, "_MAX_DISTINCT", whole.transform(["common words"]).nnz)
        kept = NgramTfidf.fit(texts)
        assert kept.transform(["common words"]).nnz == whole.transform(["common words"]).nnz
        assert len(kept.codes) < len(whole.codes)

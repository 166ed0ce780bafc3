"""The n-gram features are scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from sftsec_core.api.domain import Example
from sftsec_core.recipes import ngrams
from sftsec_core.recipes.ngrams import NgramTfidf, SharedBy
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


class TestSharedBy:
    def test_leaves_out_what_one_incident_has(self) -> None:
        texts = ["alpha zq", "alpha bravo", "bravo yk", "bravo yk"]
        examples = [
            Example(str(n), {"text": text}, "benign", cluster=cluster)
            for n, (text, cluster) in enumerate(zip(texts, (-1, -1, 7, 7), strict=True))
        ]
        shared = SharedBy.of(examples, 2)
        assert shared.firsts.tolist() == [True, True, True, False]
        found = NgramTfidf.fit(texts, shared=shared)
        assert {"a", "l", "b", "o"} <= set(map(chr, found.alphabet))
        assert set(map(chr, found.alphabet)).isdisjoint("zqyk")
        whole = NgramTfidf.fit(texts, shared=SharedBy.of(examples, 1))
        assert len(found.codes) < len(whole.codes) == len(NgramTfidf.fit(texts).codes)
        assert found.transform(["zq yk"]).nnz == 1  # the space

    def test_counts_over_all_blocks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        texts = [f"common {word}" for word in ("ab", "cd", "ab", "ef", "cd", "gh")]
        shared = SharedBy(2, np.array([True] * 6))
        whole = NgramTfidf.fit(texts, shared=shared)
        monkeypatch.setattr(ngrams, "_BLOCK_CHARS", 10)
        parts = NgramTfidf.fit(texts, shared=shared)
        assert (parts.codes == whole.codes).all()
        assert (parts.idf == whole.idf).all()
        assert set(map(chr, parts.alphabet)) == set("commonabd")

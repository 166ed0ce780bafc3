"""N-grams' parts on characters: the same in blocks as alone, whatever the texts hold."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sftsec_core.recipes import ngram_parts
from sftsec_core.recipes.ngram_parts import SpacedTexts, character_parts
from sftsec_core.recipes.ngrams import NgramTfidf

TEXTS = [
    "curl evil",
    "",
    " \t\u3000 ",
    "İstanbul İİ x",
    "cafe\u0301 \U0001f600 A\r\nB\u2028C",
    "x" * 40,
    "lone \ud800 half",
]


def each_one(rows: NDArray[np.int64], _columns: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(rows + 1.0, dtype=np.float64)


class TestSpacedTexts:
    def test_points_are_words_between_spaces(self) -> None:
        found = SpacedTexts.of(TEXTS, 30)
        for row, text in enumerate(TEXTS):
            own = found.rows == row
            wanted = "".join(f" {word} " for word in text[:30].lower().split())
            assert "".join(map(chr, found.points[own].tolist())) == wanted

    def test_owners_are_the_characters_or_none(self) -> None:
        found = SpacedTexts.of(TEXTS, 30)
        for row, text in enumerate(TEXTS):
            own = found.rows == row
            places = found.owners[own] - found.bounds[row]
            for point, place in zip(found.points[own].tolist(), places.tolist(), strict=True):
                assert (
                    place == len(text) if chr(point) == " " else chr(point) in text[place].lower()
                )


class TestCharacterParts:
    @pytest.fixture
    def ngrams(self) -> NgramTfidf:
        return NgramTfidf.fit([text * 2 for text in TEXTS], max_chars=30)

    def test_sum_to_the_weighted_features(self, ngrams: NgramTfidf) -> None:
        found = list(character_parts(ngrams, TEXTS, each_one))
        wanted = np.asarray(ngrams.transform(TEXTS).sum(axis=1)).ravel()
        sums = [characters.sum() + rest for characters, rest in found]
        np.testing.assert_allclose(sums, wanted * (np.arange(len(TEXTS)) + 1), rtol=1e-5)
        assert [len(characters) for characters, _ in found] == list(map(len, TEXTS))

    def test_blocks_change_nothing(
        self, ngrams: NgramTfidf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = list(character_parts(ngrams, TEXTS, each_one))
        monkeypatch.setattr(ngram_parts, "_BLOCK_CHARS", 5)
        for one, other in zip(whole, character_parts(ngrams, TEXTS, each_one), strict=True):
            np.testing.assert_allclose(one[0], other[0])
            assert one[1] == pytest.approx(other[1])

    def test_an_empty_vocabulary_gives_nothing(self) -> None:
        (found,) = character_parts(NgramTfidf.fit([]), ["evil"], each_one)
        assert (found[0].tolist(), found[1]) == ([0.0] * 4, 0.0)

    def test_no_texts_are_none(self, ngrams: NgramTfidf) -> None:
        assert list(character_parts(ngrams, [], each_one)) == []

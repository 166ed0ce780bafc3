"""Signatures of texts, and the bands under which near ones meet."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.dataset.dedup.minhash import MinHasher, choose_bands, least_matches
from tests.core.dataset.builders import text


def jaccard(one: str, other: str, width: int = 5) -> float:
    first = {one[i : i + width] for i in range(len(one) - width + 1)}
    second = {other[i : i + width] for i in range(len(other) - width + 1)}
    return len(first & second) / len(first | second)


class TestSignature:
    @pytest.mark.parametrize("threshold", [0.6, 0.7, 0.85, 0.95])
    def test_bands_find_texts_at_the_threshold(self, threshold: float) -> None:
        count, rows = choose_bands(threshold)
        assert count * rows <= 128
        assert 1 - (1 - threshold**rows) ** count >= 0.99

    def test_estimates_the_similarity_of_shingles(self) -> None:
        hasher = MinHasher(5, 0.85)
        base = text(1, 80)
        others = [base + " " + text(n, n * 2) for n in range(1, 40)]
        _, compact = hasher([base, *others])
        matches = np.count_nonzero(compact[1:] == compact[0], axis=1) / 128
        estimated = (matches - 1 / 256) / (1 - 1 / 256)
        exact = np.array([jaccard(base, other) for other in others])
        assert np.abs(estimated - exact).mean() < 0.05
        assert least_matches(1.0) == 128

    def test_does_not_depend_on_its_batch(self) -> None:
        hasher = MinHasher(5, 0.85)
        texts = [text(n, 10 + n) for n in range(30)]
        bands, compact = hasher(texts)
        for index, one in enumerate(texts):
            alone_bands, alone = hasher([one])
            assert (alone[0] == compact[index]).all()
            assert (alone_bands[0] == bands[index]).all()

"""Hashed n-grams: rows of one length, of nothing but the text."""

from __future__ import annotations

import numpy as np
import pytest

from sftsec_core.sdk.hashed_ngrams import hashed_ngrams


class TestHashedNgrams:
    def test_rows_have_length_one(self) -> None:
        rows = hashed_ngrams(["curl evil", ""], (1, 4), 64, 100).toarray()
        assert rows.shape == (2, 64)
        assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0])

    def test_read_so_many_characters(self) -> None:
        rows = hashed_ngrams(["curl evil", "curl mail"], (1, 4), 64, 5).toarray()
        assert (rows[0] == rows[1]).all()

    def test_of_no_texts_have_no_rows(self) -> None:
        assert hashed_ngrams([], (3, 5), 64, 100).shape == (0, 64)

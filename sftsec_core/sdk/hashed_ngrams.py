"""Hashed n-grams of texts: no data decide on these features, so they give nothing of it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy import sparse


def hashed_ngrams(
    texts: Sequence[str], lengths: tuple[int, int], places: int, max_chars: int
) -> sparse.csr_matrix:
    """Count n-grams of characters within words, by a fixed signed hash, on a log scale.

    Args:
        texts: of which so many characters are read.
        lengths: of the shortest and the longest n-gram.
        places: that n-grams are hashed into.
        max_chars: read of a text.

    Returns:
        Rows of length 1, or 0 for a text without a character; shape (len(texts), places).
    """
    from scipy import sparse
    from sklearn.feature_extraction.text import HashingVectorizer

    if not texts:
        return sparse.csr_matrix((0, places))
    hashing = HashingVectorizer(
        analyzer="char_wb", ngram_range=lengths, n_features=places, norm=None
    )
    found = sparse.csr_matrix(hashing.transform([text[:max_chars] for text in texts]))
    found.data = np.sign(found.data) * np.log1p(np.abs(found.data))
    squares = np.asarray(found.multiply(found).sum(axis=1)).ravel()
    scale = np.divide(1, np.sqrt(squares), out=np.zeros(len(texts)), where=squares > 0)
    return sparse.csr_matrix(sparse.diags(scale) @ found)

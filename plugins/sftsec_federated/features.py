"""Features that no site's data decide on, so that no vocabulary leaves a site.

Character 1- to 4-grams within words are hashed with a sign into a fixed number of places
(Weinberger et al. 2009) and each text is scaled to length 1. A number lies between two of a row of
fixed points, on a logarithmic scale: no site's mean is asked for. A category is hashed by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api import Batch, InputKind
from sftsec_core.sdk.hashed_ngrams import hashed_ngrams

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

_NGRAMS = (1, 4)
_POINTS = 48  # of a number; the middle one is 0, each next one doubles
_SIDE = 0.5  # length of a number's or category's part, beside 1 of the text


@dataclass(frozen=True, slots=True)
class SharedFeatures:
    """How each site reads an incident.

    Attributes:
        places: that n-grams and categories are hashed into.
        max_chars: read of a text.
        numbers: names of the NUMBER inputs, sorted.
        categories: names of the CATEGORY inputs, sorted.
    """

    places: int
    max_chars: int
    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Columns of a row."""
        return self.places + _POINTS * len(self.numbers)

    def __call__(self, batch: Batch) -> sparse.csr_matrix:
        """Rows of features, shape (len(batch), width)."""
        from scipy import sparse

        texts = hashed_ngrams(batch.text(), _NGRAMS, self.places, self.max_chars)
        parts = [texts + self._categories(batch)]
        values = batch.numbers()
        names = batch.names(InputKind.NUMBER)
        parts += [_between(values[:, names.index(name)]) for name in self.numbers]
        return sparse.csr_matrix(sparse.hstack(parts, format="csr"))

    def _categories(self, batch: Batch) -> sparse.csr_matrix:
        from scipy import sparse
        from sklearn.feature_extraction import FeatureHasher

        if not self.categories or not len(batch):
            return sparse.csr_matrix((len(batch), self.places))
        names = batch.names(InputKind.CATEGORY)
        columns = [(name, names.index(name)) for name in self.categories]
        words = [
            [f"{name}\0{row[at]}" for name, at in columns if row[at] is not None]
            for row in batch.categories()
        ]
        hashed = FeatureHasher(self.places, input_type="string").transform(words)
        return sparse.csr_matrix(hashed * _SIDE)

    def reads_whole(self, batch: Batch) -> NDArray[np.bool_]:
        """Which rows' texts the bound on length does not cut."""
        return np.array([len(text) <= self.max_chars for text in batch.text()], dtype=bool)


def _between(values: NDArray[np.float64]) -> sparse.csr_matrix:
    """Each value as shares of the two points beside it; nothing where it is missing."""
    from scipy import sparse

    there = np.flatnonzero(np.isfinite(values))
    middle = _POINTS // 2
    place = middle + np.sign(values[there]) * np.log2(1 + np.abs(values[there]))
    place = np.clip(place, 0, _POINTS - 1)
    low = np.minimum(place.astype(np.int64), _POINTS - 2)
    share = place - low
    data = _SIDE * np.concatenate([1 - share, share])
    at = (np.concatenate([there, there]), np.concatenate([low, low + 1]))
    return sparse.csr_matrix((data, at), shape=(len(values), _POINTS))

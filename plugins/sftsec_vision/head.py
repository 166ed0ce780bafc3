"""The head: a logistic regression over the vectors of pictures and the n-grams of the text."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sftsec_core.api import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_BUCKETS = 1 << 16  # of hashed n-grams
_NGRAMS = (2, 4)
_MOST_CHARACTERS = 20_000
_STRENGTHS = (0.1, 1.0, 10.0)  # C of the regression; the best on dev
_SHARES = (1.0, 3.0)  # of the pictures beside the text
_ITERATIONS = 300


@dataclass(frozen=True, slots=True)
class HeadRows:
    """What a head reads of n rows.

    Attributes:
        vectors: of the pictures, shape (n, d); NaN where a picture is missing; d may be 0.
        texts: n of them; None where the text is not read.
    """

    vectors: NDArray[np.float32]
    texts: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class HeadTargets:
    """What n rows are to be.

    Attributes:
        y: columns, shape (n,).
        weight: shape (n,).
    """

    y: NDArray[np.int64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FusedHead:
    """A fitted head; d features of pictures stand before the hashed n-grams.

    Attributes:
        mean, spread: of the vectors in training, shape (d,).
        idf: shape (buckets,); of length 0 where the text is not read.
        weights: shape (1, features) of two classes, else (c, features).
        bias: shape (1,) or (c,).
        present: the columns that training had rows of, ascending, shape (c,).
        columns: of the probabilities.
    """

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    present: NDArray[np.int64]
    columns: int

    @classmethod
    def fit(
        cls, train: tuple[HeadRows, HeadTargets], dev: tuple[HeadRows, HeadTargets], columns: int
    ) -> Self:
        """Fit on train, and choose by the average precision on dev, of each class, how strictly.

        Raises:
            DataError: when train has rows of one class alone.
        """
        rows, targets = train
        if len(np.unique(targets.y)) < 2:
            raise DataError("training needs incidents of two labels or more")
        found = [
            cls._fit_once(rows, targets, columns, strength, share)
            for strength, share in product(_STRENGTHS, _SHARES if rows.texts is not None else (1,))
        ]
        y = dev[1].y
        if len(np.unique(y)) < 2:
            return found[len(found) // 2]
        scores = [_average_precision(head.predict(dev[0]), y) for head in found]
        return found[int(np.argmax(scores))]

    @classmethod
    def _fit_once(
        cls, rows: HeadRows, targets: HeadTargets, columns: int, strength: float, share: float
    ) -> Self:
        from sklearn.linear_model import LogisticRegression

        mean, spread = _statistics(rows.vectors)
        scale = spread * np.float32(np.sqrt(max(1, len(spread))) / share)
        idf = np.empty(0, np.float32) if rows.texts is None else _idf(_hashed(rows.texts))
        empty = np.empty((1, 0), np.float32)
        head = cls(mean, scale, idf, empty, empty[0], np.unique(targets.y), columns)
        model = LogisticRegression(C=strength, class_weight="balanced", max_iter=_ITERATIONS)
        _fit_quietly(model, head.features(rows), targets)
        weights, bias = model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
        return cls(mean, scale, idf, weights, bias, head.present, columns)

    def features(self, rows: HeadRows) -> Any:  # noqa: ANN401 - an array or a sparse matrix
        """The features of rows, shape (n, d + buckets)."""
        from scipy import sparse

        dense = np.nan_to_num((rows.vectors - self.mean) / self.spread)
        if rows.texts is None:
            return dense
        from sklearn.preprocessing import normalize

        text = normalize(_hashed(rows.texts).multiply(self.idf).tocsr())
        return sparse.hstack([sparse.csr_matrix(dense), text], "csr")

    def predict(self, rows: HeadRows) -> NDArray[np.float64]:
        """Probabilities, shape (n, columns)."""
        from scipy.special import expit, softmax

        if not len(rows.vectors):
            return np.empty((0, self.columns))
        scores = np.asarray(self.features(rows) @ self.weights.T + self.bias, np.float64)
        if scores.shape[1] == 1:
            proba = np.hstack([expit(-scores), expit(scores)])
        else:
            proba = softmax(scores, axis=1)
        out = np.zeros((len(rows.vectors), self.columns))
        out[:, self.present] = proba
        return out

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What `from_tensors` takes back."""
        names = ("mean", "spread", "idf", "weights", "bias", "present")
        return {name: np.ascontiguousarray(getattr(self, name)) for name in names}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], columns: int) -> Self:
        """Take back what `tensors` gave.

        Raises:
            TypeError: when one is missing, or one too many is there.
        """
        return cls(**tensors, columns=columns)


def _statistics(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    there = ~np.isnan(vectors)
    count = np.maximum(there.sum(axis=0), 1)
    known = np.where(there, vectors, 0)
    mean = known.sum(axis=0) / count
    spread = np.sqrt((np.where(there, vectors - mean, 0) ** 2).sum(axis=0) / count)
    return mean.astype(np.float32), np.maximum(spread, 1e-6).astype(np.float32)


def _hashed(texts: Sequence[str]) -> Any:  # noqa: ANN401 - a sparse matrix
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=_NGRAMS,
        n_features=_BUCKETS,
        alternate_sign=False,
        norm="l2",
        dtype=np.float32,
    )
    return hasher.transform([text[:_MOST_CHARACTERS] for text in texts])


def _idf(counts: Any) -> NDArray[np.float32]:  # noqa: ANN401 - a sparse matrix
    seen = np.asarray((counts > 0).sum(axis=0)).ravel()
    found: NDArray[np.float32] = (np.log((1 + counts.shape[0]) / (1 + seen)) + 1).astype(np.float32)
    return found


def _fit_quietly(model: Any, features: Any, targets: HeadTargets) -> None:  # noqa: ANN401 - sklearn
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # A head that stopped at the bound still scores; its quality is measured on dev.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        model.fit(features, targets.y, sample_weight=targets.weight)


def _average_precision(proba: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    from sklearn.metrics import average_precision_score

    there = np.unique(y)
    return float(np.mean([average_precision_score(y == c, proba[:, c]) for c in there]))

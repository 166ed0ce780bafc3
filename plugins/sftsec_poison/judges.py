"""Models that judge an analyst's rows without having seen one of them.

They read what the recipe `linear` reads, character n-grams, and are made in a moment. The weights
of n-grams are counted over all rows, without labels; all that depends on labels is fitted without
the analyst.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_poison.config import ScanSettings
    from sftsec_poison.rows import JudgedRows

_FEATURES = 2**18
_ITERATIONS = 200
_PROBES = 1000
_FOLDS = 5
_FEWEST = 5  # rows of a label that a judge must have seen to speak of it


@dataclass(frozen=True, slots=True)
class TextFeatures:
    """Weighted character n-grams of a text, hashed; those that two rows have.

    Attributes:
        hashing: a text's counts of n-grams, without a vocabulary.
        columns: what is kept of these, ascending, shape (d,).
        weighting: gives an n-gram its weight.
    """

    hashing: Any
    columns: NDArray[np.int64]
    weighting: Any

    @classmethod
    def fit(cls, texts: Sequence[str]) -> tuple[TextFeatures, Any]:
        """Count how frequent each n-gram is; also return the texts' features, shape (n, d)."""
        from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

        hashing = HashingVectorizer(
            analyzer="char_wb",
            ngram_range=(1, 4),
            n_features=_FEATURES,
            alternate_sign=False,
            norm=None,
            dtype=np.float32,
        )
        counts = hashing.transform(texts)
        columns = np.flatnonzero(counts.getnnz(axis=0) > 1)
        weighting = TfidfTransformer(sublinear_tf=True)
        return cls(hashing, columns, weighting), weighting.fit_transform(counts[:, columns])

    def __call__(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - a sparse matrix
        """The features of texts, shape (n, d)."""
        return self.weighting.transform(self.hashing.transform(texts)[:, self.columns])


@dataclass(frozen=True, slots=True)
class Judge:
    """A fitted logistic regression with a column for each of the task's labels."""

    model: Any
    columns: int

    @classmethod
    def fit(
        cls,
        features: Any,  # noqa: ANN401 - a sparse matrix
        y: NDArray[np.int64],
        columns: int,
        rows: NDArray[np.int64],
    ) -> Judge | None:
        """Fit on some rows; None where fewer than two labels have enough of them."""
        from sklearn.linear_model import LogisticRegression

        counts = np.bincount(y[rows], minlength=columns)
        kept = rows[counts[y[rows]] >= _FEWEST]
        if len(np.unique(y[kept])) < 2:
            return None
        model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=_ITERATIONS, tol=1e-5)
        return cls(model.fit(features[kept], y[kept]), columns)

    def __call__(self, features: Any) -> NDArray[np.float64]:  # noqa: ANN401 - a sparse matrix
        """Probabilities, shape (n, columns); 0 for a label that it has not seen."""
        proba = np.zeros((features.shape[0], self.columns))
        proba[:, self.model.classes_] = self.model.predict_proba(features)
        return proba


@dataclass(frozen=True, slots=True)
class Judges:
    """One judge that has seen all rows, and one for each group of analysts that has not seen it.

    Attributes:
        features: of all rows, shape (n, d).
        read: makes features of other texts.
        whole: has seen rows of all analysts.
        probes: rows that no judge has seen, at most a tenth: phrases are put into these, for what
            a model was fitted on it does not let go of easily.
        without: by group; None where the others' rows are too few to judge by.
        group: of each analyst.
    """

    features: Any
    read: TextFeatures
    whole: Judge | None
    probes: NDArray[np.int64]
    without: Sequence[Judge | None]
    group: Sequence[int]

    def held_out(self, rows: JudgedRows) -> NDArray[np.float64]:
        """Probabilities by judges who have not seen an analyst, shape (n, columns).

        NaN where nobody can judge: rows of several analysts, or others' rows too few.
        """
        proba = np.full((len(rows), len(rows.labels)), np.nan)
        groups = np.array(self.group, dtype=np.int64)
        of_row = np.where(rows.analyst >= 0, groups[rows.analyst], -1)
        for number, judge in enumerate(self.without):
            unseen = np.flatnonzero(of_row == number)
            if judge is not None and len(unseen):
                proba[unseen] = judge(self.features[unseen])
        return proba


def group_analysts(rows: JudgedRows, folds: int) -> list[int]:
    """Divide the analysts into groups of like size, the largest first; one each where they fit."""
    sizes = np.bincount(rows.analyst[rows.analyst >= 0], minlength=len(rows.names))
    loads = np.zeros(min(folds, len(rows.names)), dtype=np.int64)
    groups = []
    for size in sizes:  # names come by size
        least = int(loads.argmin())
        loads[least] += size
        groups.append(least)
    return groups


def fit_judges(
    settings: ScanSettings,
    rows: JudgedRows,
    read: TextFeatures,
    features: Any,  # noqa: ANN401 - a sparse matrix
    left_out: NDArray[np.bool_],
    seed: int,
) -> Judges:
    """Fit the judges without the rows that are `left_out`, shape (n,)."""
    random = np.random.default_rng(seed)
    group = group_analysts(rows, settings.folds)
    of_row = np.where(rows.analyst >= 0, np.array(group, dtype=np.int64)[rows.analyst], -1)

    known = np.flatnonzero(~left_out)
    probes = random.permutation(known)[: min(_PROBES, len(known) // 10)]
    seen = ~left_out
    seen[probes] = False

    def fit(used: NDArray[np.bool_]) -> Judge | None:
        places = np.flatnonzero(used & seen)
        if len(places) > settings.fit_rows:
            places = np.sort(random.choice(places, settings.fit_rows, replace=False))
        return Judge.fit(features, rows.y, len(rows.labels), places)

    without = [fit(of_row != number) for number in range(max(group, default=-1) + 1)]
    return Judges(features, read, fit(seen), probes, without, group)


def out_of_fold(
    settings: ScanSettings,
    rows: JudgedRows,
    features: Any,  # noqa: ANN401 - a sparse matrix
    left_out: NDArray[np.bool_],
    seed: int,
) -> NDArray[np.float64]:
    """Probabilities by judges who have not seen a row or its like, but the analyst's other rows.

    Returns:
        Shape (n, columns); NaN where nobody can judge.
    """
    random = np.random.default_rng(seed)
    numbers, of_row = np.unique(rows.clusters, return_inverse=True)
    fold = random.integers(0, _FOLDS, size=len(numbers))[of_row]
    proba = np.full((len(rows), len(rows.labels)), np.nan)
    for number in range(_FOLDS):
        places = np.flatnonzero((fold != number) & ~left_out)
        if len(places) > settings.fit_rows:
            places = np.sort(random.choice(places, settings.fit_rows, replace=False))
        judge = Judge.fit(features, rows.y, len(rows.labels), places)
        if judge is not None:
            proba[fold == number] = judge(features[np.flatnonzero(fold == number)])
    return proba

"""The text of a row as one number a class, for trees: what a linear model says of it.

Trees must not train on scores of texts that the linear model itself was fitted on: those are nearly
always right, and the trees would trust them too much (Wolpert 1992, "Stacked Generalization").
Training rows are scored out of fold, by models of the other folds; the rows of one group or one
cluster of near-duplicates share a fold. New rows are scored by a model of all folds.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.domain import Batch
from sftsec_core.api.errors import DataError
from sftsec_core.dataset.groups import find_groups
from sftsec_core.recipes.config import LinearConfig
from sftsec_core.recipes.linear import LinearModel, train_linear
from sftsec_core.recipes.sampling import stratified_sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainJob
    from sftsec_core.api.domain import Example

FOLDS = 5
MAX_ROWS = 30_000  # that a linear model is fitted on here; more are scored all the same
SHARE = 0.5  # of the job's deadline that the linear models may take
_SAMPLE = 2000  # rows whose fit foretells the others


@dataclass(frozen=True, slots=True)
class TextScores:
    """A linear model whose scores of a text trees read; one column, or one a class from three on.

    Attributes:
        linear: fitted on the text.
    """

    linear: LinearModel

    @classmethod
    def fit(
        cls, job: TrainJob[Any], examples: Sequence[Example]
    ) -> tuple[TextScores, NDArray[np.float64]] | None:
        """Fit on a task's text, and score the training rows out of fold.

        Args:
            job: its seed draws the folds; its deadline bounds the rows that are fitted on.
            examples: of two labels or more.

        Returns:
            The scores' model, and those of the training rows, shape (len(examples), columns); None
            where every text is empty.
        """
        try:
            rows = _affordable_rows(job, examples)
            fitted = stratified_sample(examples, rows, job.settings.seed)
            scores = cls(_linear(job, fitted))
        except DataError:  # there is no text to learn from
            return None
        return scores, scores._out_of_fold(job, examples, {each.uid for each in fitted})

    def __call__(self, batch: Batch) -> NDArray[np.float64]:
        """Probabilities of the classes, shape (len(batch), columns)."""
        return _columns(self.linear.predict_proba(batch))

    def _out_of_fold(
        self, job: TrainJob[Any], examples: Sequence[Example], fitted: set[str]
    ) -> NDArray[np.float64]:
        out = np.full((len(examples), len(self.names)), np.nan)
        for rest in _folds(job, examples):
            left_out = set(rest.tolist())
            train = [
                each
                for row, each in enumerate(examples)
                if row not in left_out and each.uid in fitted
            ]
            # Without two labels in it a fold says nothing: its rows' scores are missing.
            if len({each.label for each in train}) > 1:
                part = Batch.of_examples(job.task.inputs, [examples[row] for row in rest])
                out[rest] = _columns(_linear(job, train).predict_proba(part))
        return out

    @property
    def names(self) -> tuple[str, ...]:
        """The labels whose probabilities are the columns."""
        labels = self.linear.labels
        return labels[1:] if len(labels) == 2 else labels


def _columns(proba: NDArray[np.float64]) -> NDArray[np.float64]:
    return proba[:, 1:] if proba.shape[1] == 2 else proba


def _linear(job: TrainJob[Any], examples: Sequence[Example]) -> LinearModel:
    return train_linear(replace(job, train=examples, dev=(), config=LinearConfig()))


def _folds(job: TrainJob[Any], examples: Sequence[Example]) -> list[NDArray[np.int64]]:
    """The rows of each fold, with the classes' shares as far as the groups allow."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    place = {label: column for column, label in enumerate(job.task.labels)}
    y = np.array([place[each.label] for each in examples])
    groups = find_groups(examples)
    count = len(np.unique(groups))
    if count < 2:  # one case: its rows are all that there is
        groups, count = np.arange(len(examples)), len(examples)
    # The splitter asks for a class with at least as many rows as folds.
    folds = min(FOLDS, count, int(np.bincount(y).max()))
    if folds < 2:
        return []
    # Among many rows chance alone deals out the classes, and in less time.
    kind = StratifiedGroupKFold if len(y) <= MAX_ROWS else GroupKFold
    splitter = kind(folds, shuffle=True, random_state=job.settings.seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return [rest for _, rest in splitter.split(np.zeros(len(y)), y, groups) if len(rest)]


def _affordable_rows(job: TrainJob[Any], examples: Sequence[Example]) -> int:
    """How many rows the models may be fitted on: what a sample's fit foretells of the deadline."""
    if job.deadline_s is None:
        return MAX_ROWS
    sample = stratified_sample(examples, _SAMPLE, job.settings.seed)
    started = time.monotonic()
    _linear(job, sample)
    each = (time.monotonic() - started) / len(sample)
    return int(np.clip(SHARE * job.deadline_s / ((FOLDS + 1) * each), len(sample), MAX_ROWS))

"""Self-training: a model of the labelled rows labels unlabelled ones, and learns from those too.

Scudder: Probability of Error of Some Adaptive Pattern-Recognition Machines, IEEE Transactions on
Information Theory 11(3), 1965; as pseudo-labels in Lee: Pseudo-Label, ICML workshop 2013.

`teacher` says what labels. Rows that it is sure enough of are added with the label that it gives,
the surest first, so many of each class that the classes keep their proportions: else the commonest
class would fill the training part. Dev decides whether they stay; where it has few rows, so do rows
of train, each answered by teachers that were fitted, before and after, without it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import Batch
from sftsec_core.recipes.dev_check import DevCheck
from sftsec_core.recipes.embeddings import remembered_embeddings
from sftsec_core.recipes.goal import columns
from sftsec_core.recipes.sampling import judged
from sftsec_core.recipes.search import MIN_DEV
from sftsec_core.recipes.teacher import ENCODED_ROWS, fit_labeller, reads_vectors
from sftsec_core.recipes.tuning import FOLDS, divide

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.contracts import TrainedModel
    from sftsec_core.api.domain import Example, TaskSpec
    from sftsec_core.api.settings.task import TrainSettings
    from sftsec_core.api.settings.unlabelled import SelfTrainingSettings

# Of few rows one more error is a whole standard error: only what is significant speaks against it.
FEW_ROWS_MAX_LOSS = 2.0


@dataclass(frozen=True, slots=True)
class SelfTraining:
    """What self-training came to.

    Attributes:
        added: rows of the pool with the label that the teacher gives, and less than full weight;
            none where dev is against them.
        labelled: rows that the teacher labelled, by label, whether they were added or not.
        counts: the rows not added by reason, and those added, as `SELF_TRAINING` adds them up.
        dev: macro-F1 on dev "before" and "after", and the smallest "effect" of the figures that the
            task is chosen by, in standard errors; the same of rows of train out of fold, where
            dev has few. Empty where nothing was compared.
    """

    added: Sequence[Example]
    labelled: Mapping[str, int]
    counts: Mapping[str, int]
    dev: Mapping[str, float]


def self_train(
    config: SelfTrainingSettings,
    train: Sequence[Example],
    dev: Sequence[Example],
    pool: Sequence[Example],
    task: TaskSpec,
    settings: TrainSettings,
    on_round: Callable[[int], None] = lambda _round: None,
) -> SelfTraining:
    """Label rows of the pool by a model of train, and let dev decide whether to learn from them.

    Args:
        config: how sure the teacher must be, and what its labels weigh.
        train: labelled rows; at least two labels.
        dev: decides; never learned from. With fewer than 50 rows of it, train decides too; nothing
            is added where neither can: no dev, and a class of one row.
        pool: unlabelled rows, in a fixed order.
        task: gives the labels and the text that is read.
        settings: of training; the seed is used.
        on_round: told the number of each round that is done.

    Raises:
        DataError: when train has fewer than two labels.
    """
    study = _PoolStudy.of(config, train, pool, task, settings)
    with remembered_embeddings():
        taught = study.teach(train, on_round)
        check = study.check(taught, train, dev) if taught.rows else DevCheck({})
    stays, rows = check.allows, taught.rows
    counts = {
        "unlabelled": len(pool),
        "not_read": len(pool) - len(study.pool),
        "unsure": len(study.pool) - taught.sure,
        "beyond_proportion": taught.sure - len(rows),
        "left_out_by_dev": 0 if stays else len(rows),
        "added": len(rows) if stays else 0,
    }
    by_label = Counter(row.label for row in rows)
    return SelfTraining(
        rows if stays else (), dict(sorted(by_label.items())), counts, check.figures
    )


@dataclass(frozen=True, slots=True)
class _Taught:
    """A teacher before and after it learned from rows that it labelled, of `sure` that it could."""

    before: TrainedModel
    after: TrainedModel
    rows: list[Example]
    sure: int


@dataclass(frozen=True, slots=True)
class _PoolStudy:
    """Self-training on one pool, from the whole training part or from a part of it."""

    config: SelfTrainingSettings
    pool: Sequence[Example]
    vectors: bool
    task: TaskSpec
    settings: TrainSettings

    @classmethod
    def of(
        cls,
        config: SelfTrainingSettings,
        train: Sequence[Example],
        pool: Sequence[Example],
        task: TaskSpec,
        settings: TrainSettings,
    ) -> _PoolStudy:
        """The teacher reads the whole pool, or a random part of it where it reads vectors."""
        vectors = reads_vectors(config, train)
        if vectors and len(pool) > ENCODED_ROWS:
            order = np.random.default_rng(settings.seed).permutation(len(pool))
            pool = [pool[row] for row in np.sort(order[:ENCODED_ROWS])]
        return cls(config, pool, vectors, task, settings)

    def teach(
        self, train: Sequence[Example], on_round: Callable[[int], None] = lambda _round: None
    ) -> _Taught:
        before = after = self._fit(train)
        picked, sure = dict[int, int](), 0
        for number in range(self.config.rounds if self.pool else 0):
            proba = after.predict_proba(Batch.of_examples(self.task.inputs, self.pool))
            picked, sure = _picked(self.config, proba, train, self.task)
            rows = _labelled(self.config, self.pool, picked, self.task)
            after = self._fit([*train, *rows])
            on_round(number + 1)
        return _Taught(before, after, _labelled(self.config, self.pool, picked, self.task), sure)

    def check(self, taught: _Taught, train: Sequence[Example], dev: Sequence[Example]) -> DevCheck:
        """Compare on dev; where it has few rows, on those of train out of fold too."""
        task, seed = self.task, self.settings.seed
        parts = [] if len(dev) >= MIN_DEV else self._parts(train)
        if not parts:
            return DevCheck.of(taught.before, taught.after, dev, task, seed)
        judges = [*((self.teach(rest), fold) for rest, fold in parts), (taught, dev)]
        before = np.concatenate([_answers(each.before, part, task) for each, part in judges])
        after = np.concatenate([_answers(each.after, part, task) for each, part in judges])
        y = np.concatenate([columns(part, task) for _, part in judges])
        return DevCheck.of_answers(before, after, y, task, seed, FEW_ROWS_MAX_LOSS)

    def _parts(self, train: Sequence[Example]) -> list[tuple[list[Example], list[Example]]]:
        """Judged rows to learn from and to answer, a pair a fold; none where one lacks a class."""
        rows = judged(train)
        known = Counter(row.label for row in rows)
        if max(known.values()) < FOLDS:
            return []
        folds = divide(rows, columns(rows, self.task), self.settings.seed)
        parts = [
            ([rows[i] for i in np.setdiff1d(np.arange(len(rows)), fold)], [rows[i] for i in fold])
            for fold in folds
        ]
        return parts if all({row.label for row in rest} == {*known} for rest, _ in parts) else []

    def _fit(self, train: Sequence[Example]) -> TrainedModel:
        return fit_labeller(train, self.task, self.settings, vectors=self.vectors)


def _answers(model: TrainedModel, rows: Sequence[Example], task: TaskSpec) -> NDArray[np.float64]:
    if not rows:
        return np.empty((0, len(task.labels)))
    return model.predict_proba(Batch.of_examples(task.inputs, rows))


def _picked(
    config: SelfTrainingSettings,
    proba: NDArray[np.float64],
    train: Sequence[Example],
    task: TaskSpec,
) -> tuple[dict[int, int], int]:
    """Rows of the pool to their columns, and of how many the teacher is sure enough.

    Each class gets the same number of rows for each that is labelled: as many as the class allows
    of which the fewest are sure.
    """
    answers, sure = proba.argmax(axis=1), proba.max(axis=1) >= config.min_confidence
    labelled = Counter(task.labels.index(example.label) for example in judged(train))
    found = {column: np.flatnonzero(sure & (answers == column)) for column in labelled}
    ratio = min(config.max_ratio, *(len(rows) / labelled[c] for c, rows in found.items()))
    picked: dict[int, int] = {}
    for column, rows in found.items():
        surest = rows[np.argsort(-proba[rows, column], kind="stable")]
        picked |= dict.fromkeys(surest[: round(ratio * labelled[column])].tolist(), column)
    return picked, int(sure.sum())


def _labelled(
    config: SelfTrainingSettings,
    pool: Sequence[Example],
    picked: Mapping[int, int],
    task: TaskSpec,
) -> list[Example]:
    return [
        replace(pool[row], label=task.labels[column], weight=config.weight, judged=False)
        for row, column in sorted(picked.items())
    ]

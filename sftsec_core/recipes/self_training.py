"""Self-training: a model of the labelled rows labels unlabelled ones, and learns from those too.

Scudder: Probability of Error of Some Adaptive Pattern-Recognition Machines, IEEE Transactions on
Information Theory 11(3), 1965; as pseudo-labels in Lee: Pseudo-Label, ICML workshop 2013.

The teacher is `linear`. Rows that it is sure enough of are added with the label that it gives, the
surest first, so many of each class that the classes keep their proportions: else the commonest
class would fill the training part. Dev decides whether they stay.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.domain import Batch
from sftsec_core.recipes.dev_check import DevCheck, fit_teacher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example, TaskSpec
    from sftsec_core.api.settings.task import TrainSettings
    from sftsec_core.api.settings.unlabelled import SelfTrainingSettings


@dataclass(frozen=True, slots=True)
class SelfTraining:
    """What self-training came to.

    Attributes:
        added: rows of the pool with the label that the teacher gives, and less than full weight;
            none where dev is against them.
        labelled: rows that the teacher labelled, by label, whether they were added or not.
        counts: the rows not added by reason, and those added, as `SELF_TRAINING` adds them up.
        dev: macro-F1 on dev "before" and "after", and the smallest "effect" of the figures that the
            task is chosen by, in standard errors; empty where there is no dev.
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
        dev: decides; never learned from. Nothing is added where it is empty.
        pool: unlabelled rows, in a fixed order.
        task: gives the labels and the text that is read.
        settings: of training; the seed is used.
        on_round: told the number of each round that is done.

    Raises:
        DataError: when train has fewer than two labels.
    """
    first = teacher = fit_teacher(train, task, settings)
    picked, sure = dict[int, int](), 0
    for number in range(config.rounds if pool else 0):
        proba = teacher.predict_proba(Batch.of_examples(task.inputs, pool))
        picked, sure = _picked(config, proba, train, task)
        teacher = fit_teacher([*train, *_labelled(config, pool, picked, task)], task, settings)
        on_round(number + 1)
    rows = _labelled(config, pool, picked, task)
    check = DevCheck.of(first, teacher, dev, task, settings.seed)
    stays = check.allows
    counts = {
        "unlabelled": len(pool),
        "unsure": len(pool) - sure,
        "beyond_proportion": sure - len(rows),
        "left_out_by_dev": 0 if stays else len(rows),
        "added": len(rows) if stays else 0,
    }
    by_label = Counter(row.label for row in rows)
    return SelfTraining(
        rows if stays else (), dict(sorted(by_label.items())), counts, check.figures
    )


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
    judged = [example for example in train if example.weight > 0 and example.judged]
    labelled = Counter(task.labels.index(example.label) for example in judged)
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

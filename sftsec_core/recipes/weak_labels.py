"""Which labels of labelling functions are learned from: those sure enough, unless dev is against.

The surest come first, at most so many of a class for each of its labelled rows. A class for which
no function votes gets none: logistic heads weigh the classes alike, whatever their numbers.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.dataset.labelling.functions import ABSTAIN
from sftsec_core.recipes.dev_check import DevCheck, fit_teacher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example, TaskSpec
    from sftsec_core.api.settings.labelling import WeakLabelSettings
    from sftsec_core.api.settings.task import TrainSettings


@dataclass(frozen=True, slots=True)
class WeakLabels:
    """What the labels of labelling functions came to.

    Attributes:
        rows: places in the pool of `added`, shape (len(added),).
        added: rows of the pool with their labels; the weight is the probability. None where dev is
            against them.
        labelled: rows that are sure enough, by label, whether they were added or not.
        counts: the rows not added by reason, and those added, as `WEAK_LABELS` adds them up.
        dev: as `DevCheck.figures`.
    """

    rows: NDArray[np.int64]
    added: Sequence[Example]
    labelled: Mapping[str, int]
    counts: Mapping[str, int]
    dev: Mapping[str, float]


def choose_weak_labels(
    config: WeakLabelSettings,
    labels: tuple[NDArray[np.int64], NDArray[np.float64]],
    train: Sequence[Example],
    dev: Sequence[Example],
    pool: Sequence[Example],
    task: TaskSpec,
    settings: TrainSettings,
) -> WeakLabels:
    """Choose labels to learn from, and let dev decide whether they stay.

    Args:
        config: how sure a label must be, and how many may be added.
        labels: the column of each pooled row's label, `ABSTAIN` for none, and its probability;
            shape (len(pool),) each.
        train: labelled rows; at least two labels.
        dev: decides; never learned from. Nothing is added where it is empty.
        pool: unlabelled rows.
        task: gives the labels and the text that is read.
        settings: of training; the seed is used.

    Raises:
        DataError: when train has fewer than two labels.
    """
    columns, proba = labels
    voted = columns != ABSTAIN
    sure = voted & (proba >= config.min_confidence)
    places = _surest(config, columns, proba, sure, train, task)
    rows = [
        replace(
            pool[place],
            label=task.labels[columns[place]],
            weight=round(float(proba[place]), 4),
            judged=False,
        )
        for place in places.tolist()
    ]
    check = _on_dev(rows, train, dev, task, settings)
    stays = bool(rows) and check.allows
    counts = {
        "unlabelled": len(pool),
        "no_label": int((~voted).sum()),
        "unsure": int((voted & ~sure).sum()),
        "beyond_ratio": int(sure.sum()) - len(rows),
        "left_out_by_dev": 0 if stays else len(rows),
        "added": len(rows) if stays else 0,
    }
    by_label = Counter(row.label for row in rows)
    kept = places if stays else places[:0]
    return WeakLabels(
        kept, rows if stays else (), dict(sorted(by_label.items())), counts, check.figures
    )


def _surest(
    config: WeakLabelSettings,
    columns: NDArray[np.int64],
    proba: NDArray[np.float64],
    sure: NDArray[np.bool_],
    train: Sequence[Example],
    task: TaskSpec,
) -> NDArray[np.int64]:
    """Places of the surest rows of each class, ascending."""
    labelled = Counter(example.label for example in train if example.weight > 0)
    found = []
    for column, label in enumerate(task.labels):
        rows = np.flatnonzero(sure & (columns == column))
        order = np.argsort(-proba[rows], kind="stable")
        found.append(rows[order][: round(config.max_ratio * labelled[label])])
    return np.sort(np.concatenate(found))


def _on_dev(
    rows: Sequence[Example],
    train: Sequence[Example],
    dev: Sequence[Example],
    task: TaskSpec,
    settings: TrainSettings,
) -> DevCheck:
    if not rows or not dev:
        return DevCheck({})
    before = fit_teacher(train, task, settings)
    after = fit_teacher([*train, *rows], task, settings)
    return DevCheck.of(before, after, dev, task, settings.seed)

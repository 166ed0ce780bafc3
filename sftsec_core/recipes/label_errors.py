"""The transform `label_errors`: what looks mislabelled in the training part counts less.

Confident learning (Northcutt, Jiang, Chuang: Confident Learning: Estimating Uncertainty in
Dataset Labels, JAIR 70, 2021): models that have not seen a row say how probable each label is;
how often they confidently name another label estimates how many labels of each class are wrong,
and so many of the least probable ones are suspected ("prune by noise rate", by cleanlab).

A further round fits its models without the rows suspected so far, and measures by the others what
confident is: where the most rows of a rare class are mislabelled, their mean probability of that
class is low, and with it counted in, every second error was overlooked. Rounds go on until the
suspects stay the same. The classes weigh what they are: in balance, errors that swell a rare class
tell for it. The last look takes the mean over several divisions into folds, and leaves alone what
is not clear: a row that models are in two minds about is hard more often than wrong. It is clear
where they doubt another label at most twice as much as they doubt that label's own rows, which few
rows make large. Near-duplicates and members of a group stand in one fold: a copy would vouch for
the label of its copy.
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.contracts import TransformResult
from sftsec_core.api.domain import Batch, InputKind
from sftsec_core.api.errors import ConfigError
from sftsec_core.dataset.groups import find_groups
from sftsec_core.recipes.config import LinearConfig
from sftsec_core.recipes.logistic import LogisticHead, feature_bound
from sftsec_core.recipes.ngrams import NgramTfidf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example, TaskSpec
    from sftsec_core.recipes.config import LabelErrorsConfig

_SETTLED = 0.002  # of the rows may still change sides
_LOOKS = 4  # divisions into folds whose mean probabilities decide at last
_CLEAR = 2.0  # times the doubt that models have of a label's own rows, on the mean


def weigh_label_errors(
    config: LabelErrorsConfig, examples: Sequence[Example], task: TaskSpec, seed: int
) -> TransformResult:
    """Multiply the weight of what looks mislabelled by `config.weight`.

    Args:
        config: which model judges, in how many folds and rounds.
        examples: the training part; those of weight 0 are neither judged nor learnt from.
        task: gives the labels, and the text that is read.
        seed: of the folds.

    Returns:
        As many rows, how many of each label are suspected, and where `config.review` says so the
        suspects for a review. Nothing changes where fewer than two
        labels have a trusted row for each fold.

    Raises:
        ConfigError: when the task has no text.
    """
    if InputKind.TEXT not in task.kinds:
        raise ConfigError(
            f"transform 'label_errors' reads texts, and task {task.name!r} has none: take it out "
            "of `train.transforms`"
        )
    judged = _judged(examples, config.folds)
    suspected = {judged[row].uid for row in np.flatnonzero(_suspects(config, judged, task, seed))}
    changed = [
        replace(each, weight=each.weight * config.weight) if each.uid in suspected else each
        for each in examples
    ]
    found = Counter(each.label for each in judged if each.uid in suspected)
    notes = {f"suspected {label}": found[label] for label in task.labels if found[label]}
    review = {
        each.uid: f"looks mislabelled: {each.label!r} (label_errors)"
        for each in judged
        if config.review and each.uid in suspected
    }
    counts = {"judged": len(judged), "suspected": len(suspected), **notes}
    return TransformResult(changed, counts, review)


def _judged(examples: Sequence[Example], folds: int) -> list[Example]:
    """The trusted rows of labels that have as many of them as there are folds."""
    trusted = [example for example in examples if example.weight > 0]
    counts = Counter(example.label for example in trusted)
    kept = [example for example in trusted if counts[example.label] >= folds]
    return kept if len({example.label for example in kept}) > 1 else []


def _suspects(
    config: LabelErrorsConfig, judged: Sequence[Example], task: TaskSpec, seed: int
) -> NDArray[np.bool_]:
    """Which rows look mislabelled, shape (len(judged),)."""
    if not judged:
        return np.zeros(0, dtype=bool)
    judges = _Judges.of(config, judged, task, seed)
    suspected = _settled(config, judges)
    proba = np.mean([judges.unseen(suspected, look) for look in range(_LOOKS)], axis=0)
    return _confident_errors(judges.y, proba, suspected) & _clear(judges.y, proba, suspected)


def _settled(config: LabelErrorsConfig, judges: _Judges) -> NDArray[np.bool_]:
    """The suspects of the round after which they stay the same."""
    suspected = before = np.zeros(len(judges.y), dtype=bool)
    for _ in range(config.rounds):
        found = _confident_errors(judges.y, judges.unseen(suspected), suspected)
        if (found != suspected).mean() <= _SETTLED:
            return found
        if (found != before).mean() <= _SETTLED and before.any():
            return found | suspected  # of few rows, each round takes back what the last one did
        before, suspected = suspected, found
    return suspected


@dataclass(frozen=True, slots=True)
class _Judges:
    """The models that judge rows which they have not seen.

    Attributes:
        y: columns of the rows' labels, shape (n,).
        features: what the models read, a row an example.
        groups: rows that stand in one fold, shape (n,).
    """

    rows: Sequence[Example]
    labels: Sequence[str]
    y: NDArray[np.int64]
    features: Any
    groups: NDArray[np.int64]
    folds: int
    seed: int

    @classmethod
    def of(
        cls, config: LabelErrorsConfig, rows: Sequence[Example], task: TaskSpec, seed: int
    ) -> _Judges:
        present = {example.label for example in rows}
        labels = [label for label in task.labels if label in present]
        y = np.array([labels.index(example.label) for example in rows])
        features = _features(config, rows, task)
        return cls(rows, labels, y, features, find_groups(rows), config.folds, seed)

    def unseen(self, suspected: NDArray[np.bool_], look: int = 0) -> NDArray[np.float64]:
        """Probabilities by models of the other folds, without what is suspected.

        Args:
            suspected: shape (n,).
            look: which division into folds.
        """
        head = LinearConfig(class_weights="none")
        proba = np.eye(len(self.labels))[self.y]  # a row that no model judges vouches for its label
        for learnt, unseen in _folds(self.y, self.groups, self.folds, self.seed + look):
            rows = learnt[~suspected[learnt]]
            if len(np.unique(self.y[rows])) > 1:
                known = [self.rows[row] for row in rows]
                fitted = LogisticHead.fit(self.features[rows], known, self.labels, head, self.seed)
                proba[unseen] = fitted.predict_proba(self.features[unseen])
        return proba


def _features(config: LabelErrorsConfig, examples: Sequence[Example], task: TaskSpec) -> Any:  # noqa: ANN401 - an array or a sparse matrix
    """What the judging head reads, a row an example; no label is looked at."""
    texts = Batch.of_examples(task.inputs, examples).text()
    ngrams = NgramTfidf.fit(texts, feature_bound(len(task.labels)), config.max_chars)
    if config.model == "linear":
        return ngrams.transform(texts)
    from sftsec_core.recipes.embeddings import Embedder
    from sftsec_core.recipes.hybrid import flat_unit, join_blocks

    vectors = Embedder(config.encoder)(texts)
    return join_blocks(texts, ngrams, flat_unit(vectors - vectors.mean(axis=0)))


def _folds(
    y: NDArray[np.int64], groups: NDArray[np.int64], folds: int, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    from sklearn.model_selection import StratifiedGroupKFold

    if len(np.unique(groups)) < folds:
        return  # all rows are copies of a few: no model is without a copy
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    yield from splitter.split(y, y, groups)


def _confident_errors(
    y: NDArray[np.int64], proba: NDArray[np.float64], suspected: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which labels y, shape (n,), are wrong by out-of-fold probabilities, shape (n, labels).

    A label is confident from the mean probability of it among its rows that are not suspected.
    """
    from cleanlab.count import compute_confident_joint
    from cleanlab.filter import find_label_issues

    thresholds = _thresholds(y, proba, suspected).tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a label has no confident row
        joint = compute_confident_joint(y, proba, thresholds=thresholds)
        found = find_label_issues(
            y, proba, confident_joint=joint, filter_by="prune_by_noise_rate", n_jobs=1
        )
    return np.asarray(found, dtype=bool)


def _clear(
    y: NDArray[np.int64], proba: NDArray[np.float64], suspected: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Of which rows models name another label as surely as they name it of its own, shape (n,)."""
    own = proba[np.arange(len(y)), y]
    others = proba.copy()
    others[np.arange(len(y)), y] = -1
    doubt = 1 - _thresholds(y, proba, suspected)
    return np.asarray(own <= _CLEAR * doubt[others.argmax(axis=1)])


def _thresholds(
    y: NDArray[np.int64], proba: NDArray[np.float64], suspected: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The mean probability of each label among its rows that are not suspected, shape (labels,)."""
    trusted = [(y == k) & ~suspected for k in range(proba.shape[1])]
    rows = [mask if mask.any() else y == k for k, mask in enumerate(trusted)]
    return np.array([proba[mask, k].mean() for k, mask in enumerate(rows)])

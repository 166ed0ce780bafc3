"""What a model answered for labelled examples: the one argument that every figure is computed from.

It stands beside the domain, not in it, since it holds arrays: the domain imports none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sftsec_core.api.domain import Action


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's probabilities for n examples, with what is known of the examples.

    Attributes:
        y: true classes as column numbers, shape (n,).
        proba: probabilities, shape (n, k); calibrated, unless stated otherwise.
        benign: the benign column; None when every class is an attack.
        threshold: the attack probability from which a row is a detection. Without a benign class
            it has no effect.
        groups: for each row the cases, hosts or reports that it belongs to, as a tuple of strings,
            shape (n,); None when the task has no groups.
        at: event times in UTC, datetime64, NaT where unknown, shape (n,); None when no example
            has a time.
        decided: the predicted classes, shape (n,), where a decider gave them; None decides at the
            threshold.
        reviewed: which rows a decider sent to review, shape (n,); they count as benign in
            `decided`. None where that is not known.
        facets: a field's name to its values, shape (n,), "" where a row has none: the fields by
            which an evaluation groups figures, see `Example.facets`.
    """

    y: NDArray[np.int64]
    proba: NDArray[np.float64]
    benign: int | None = None
    threshold: float = 0.5
    groups: NDArray[np.object_] | None = None
    at: NDArray[np.datetime64] | None = None
    decided: NDArray[np.int64] | None = None
    reviewed: NDArray[np.bool_] | None = None
    facets: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together.

        Raises:
            ValueError: naming the shapes.
        """
        n = len(self.y)
        if self.proba.ndim != 2 or len(self.proba) != n:
            raise ValueError(f"{n} true classes do not fit probabilities of {self.proba.shape}")
        for name in ("groups", "at", "decided", "reviewed"):
            column = getattr(self, name)
            if column is not None and column.shape != (n,):
                raise ValueError(f"{n} true classes do not fit {name} of shape {column.shape}")
        for name, column in self.facets.items():
            if column.shape != (n,):
                raise ValueError(f"{n} true classes do not fit {name!r} of shape {column.shape}")

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.y)

    @property
    def n_classes(self) -> int:
        """Number of columns."""
        return int(self.proba.shape[1])

    @cached_property
    def attack_scores(self) -> NDArray[np.float64]:
        """The probability of not being benign, 0 to 1, shape (n,); computed once.

        Raises:
            ValueError: in a task without a benign class.
        """
        return attack_scores(self.proba, _required(self.benign))

    @cached_property
    def attacks(self) -> NDArray[np.bool_]:
        """Which rows are attacks, shape (n,); computed once.

        Raises:
            ValueError: in a task without a benign class.
        """
        return np.asarray(self.y != _required(self.benign))

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """The predicted classes as column numbers, shape (n,); computed once."""
        if self.decided is not None:
            return self.decided
        return predict_labels(self.proba, self.benign, self.threshold)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Predictions:
        """Select rows by index, in the order given and as often as given, or by a mask.

        What is already computed is selected too, not computed again.
        """
        taken = Predictions(
            y=self.y[rows],
            proba=self.proba[rows],
            benign=self.benign,
            threshold=self.threshold,
            groups=None if self.groups is None else self.groups[rows],
            at=None if self.at is None else self.at[rows],
            decided=None if self.decided is None else self.decided[rows],
            reviewed=None if self.reviewed is None else self.reviewed[rows],
            facets={name: column[rows] for name, column in self.facets.items()},
        )
        for name in ("attack_scores", "attacks", "labels"):
            if name in self.__dict__:
                taken.__dict__[name] = self.__dict__[name][rows]
        return taken

    def with_proba(self, proba: NDArray[np.float64]) -> Predictions:
        """The same examples with other probabilities; nothing computed is kept."""
        return replace(self, proba=proba, decided=None, reviewed=None)


ACTIONS = (Action.DISMISS, Action.REVIEW, Action.ALERT)
"""By their number in `Decisions.actions`."""


@dataclass(frozen=True, eq=False, slots=True)
class Decisions:
    """What a decider decided for n rows of probabilities.

    Attributes:
        actions: numbers in `ACTIONS`, shape (n,).
        labels: the class of each row as a column number, shape (n,): benign if it is dismissed,
            else the class that is suspected.
        label_sets: the classes that are not ruled out, shape (n, k); the label is one of them.
        thresholds: the attack probability from which each row alerts, shape (n,), where that is
            not `Decider.threshold` for all of them.
        unknown: which rows are of a group that the decider does not know, shape (n,), so that it
            decided them as it does any; None in a decider without groups.
    """

    actions: NDArray[np.int8]
    labels: NDArray[np.int64]
    label_sets: NDArray[np.bool_]
    thresholds: NDArray[np.float64] | None = None
    unknown: NDArray[np.bool_] | None = None

    def alerted(self, benign: int | None) -> NDArray[np.int64]:
        """The labels as figures count them: what does not alert is benign, if there is benign."""
        if benign is None:
            return self.labels
        alerts = self.actions == ACTIONS.index(Action.ALERT)
        return np.where(alerts, self.labels, benign).astype(np.int64)


def attack_scores(proba: NDArray[np.float64], benign: int) -> NDArray[np.float64]:
    """Give the probability of not being benign.

    Args:
        proba: probabilities, shape (n, k).
        benign: the benign column.

    Returns:
        1 - p(benign), shape (n,), 0 to 1.
    """
    scores: NDArray[np.float64] = np.clip(1.0 - proba[:, benign], 0.0, 1.0)
    return scores


def predict_labels(
    proba: NDArray[np.float64], benign: int | None, threshold: float
) -> NDArray[np.int64]:
    """Decide each row's class: the one rule that metrics and scoring share.

    With a benign class, a row is an attack when 1 - p(benign) reaches the threshold, and its
    label is then the most probable class that is not benign, even where benign is more probable
    still. Without one it is the most probable class, and the threshold has no effect. Of equally
    probable classes the first column wins.

    Args:
        proba: calibrated probabilities, shape (n, k).
        benign: the benign column; None when every class is an attack.
        threshold: the attack probability from which a row is a detection.

    Returns:
        Column numbers, shape (n,).
    """
    labels: NDArray[np.int64] = proba.argmax(axis=1).astype(np.int64)
    if benign is None:
        return labels
    attacks = proba.copy()
    attacks[:, benign] = -np.inf
    detected = attack_scores(proba, benign) >= threshold
    labels[:] = np.where(detected, attacks.argmax(axis=1), benign)
    return labels


def _required(benign: int | None) -> int:
    if benign is None:
        raise ValueError("a task without a benign class has no attack side")
    return benign

"""The logistic head that `linear`, `probe` and `hybrid` share."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sftsec_core.api.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example
    from sftsec_core.recipes.config import LinearConfig

MAX_ITERATIONS = 1000
# The solver keeps some twenty vectors of this many doubles: about 1.3 GB at the worst.
MAX_PARAMETERS = 8_000_000


def feature_bound(classes: int) -> int:
    """How many features a head with this many classes may have, to bound the solver's memory."""
    return MAX_PARAMETERS // (1 if classes <= 2 else classes)


def usable(examples: Sequence[Example], labels: Sequence[str]) -> list[Example]:
    """The examples that can be fitted: those of a trust above 0.

    Raises:
        DataError: when fewer than two classes are left, or a label is not one of the task's.
    """
    kept = [example for example in examples if example.weight > 0]
    seen = {example.label for example in kept}
    strange = sorted(seen - set(labels))
    if strange:
        raise DataError(f"labels {strange} are not among the task's labels {list(labels)}")
    if len(seen) < 2:
        only = f"all {len(kept)} are {next(iter(seen))!r}" if seen else "there are none"
        raise DataError(f"training needs examples of two labels or more; {only}")
    return kept


@dataclass(frozen=True, slots=True)
class LogisticHead:
    """A fitted multinomial (or, for two classes, binary) logistic regression.

    Attributes:
        present: the columns that training had examples of, ascending; shape (c,).
        weights: shape (1, d) for c = 2, else (c, d).
        bias: shape (1,) or (c,).
        columns: of the probabilities that `predict_proba` gives.
    """

    present: NDArray[np.int64]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    columns: int

    @classmethod
    def fit(
        cls,
        features: Any,  # noqa: ANN401 - an array or a sparse matrix
        examples: Sequence[Example],
        labels: Sequence[str],
        config: LinearConfig,
        seed: int,
    ) -> LogisticHead:
        """Fit on features of shape (n, d), sparse or dense, a row an example.

        The classes weigh the same ("balanced") unless `config.class_weights` is "none": the
        square root that fine-tuning uses by default costs a logistic head recall of the rare
        class. An example's trust multiplies its weight.

        Raises:
            DataError: when there is no feature at all, since every text is empty.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        if not features.shape[1]:
            raise DataError(
                "no two training texts have anything in common, or all are empty: are the task's "
                "text fields the right ones?"
            )
        column = {label: i for i, label in enumerate(labels)}
        y = np.array([column[example.label] for example in examples])
        model = LogisticRegression(
            C=config.regularization,
            class_weight=None if config.class_weights == "none" else "balanced",
            max_iter=MAX_ITERATIONS,
            random_state=seed,
        )
        with warnings.catch_warnings():
            # A head that stopped at the bound still scores; its quality is measured on dev.
            warnings.simplefilter("ignore", ConvergenceWarning)
            # Two rows a class is what some analysts give us.
            warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
            model.fit(features, y, sample_weight=np.array([e.weight for e in examples]))
        return cls(
            model.classes_.astype(np.int64),
            model.coef_.astype(np.float32),
            model.intercept_.astype(np.float32),
            len(labels),
        )

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]], columns: int) -> LogisticHead:
        """Take back what `tensors` gave.

        Raises:
            KeyError: when one is missing.
        """
        return cls(
            tensors["head.present"].astype(np.int64, copy=False),
            tensors["head.weights"].astype(np.float32, copy=False),
            tensors["head.bias"].astype(np.float32, copy=False),
            columns,
        )

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """The head as named arrays for safetensors."""
        return {
            "head.present": self.present,
            "head.weights": np.ascontiguousarray(self.weights),
            "head.bias": self.bias,
        }

    def contrast(self, pairs: Sequence[tuple[int, int]]) -> Contrast:
        """What tells the columns of each row's pair apart.

        Args:
            pairs: of a column that training never saw the log-odds have no bound: its weights and
                its bias are zeros.
        """
        place = {int(column): row for row, column in enumerate(self.present)}
        usable = np.array([a != b and {a, b} <= place.keys() for a, b in pairs], dtype=bool)
        found = [[place.get(each, 0) for each in pair] for pair in pairs]
        first, second = np.array(found, dtype=np.int64).reshape(-1, 2).T
        return Contrast(self, first, second, usable)

    def predict_proba(self, features: Any) -> NDArray[np.float64]:  # noqa: ANN401 - see fit
        """Probabilities for features of shape (n, d).

        Returns:
            Shape (n, columns); 0 for a class that training never saw.
        """
        # Imported here: a run that finds nothing new to score does without its 0.3 s.
        from scipy.special import expit, softmax

        logits = np.asarray(features @ self.weights.T, dtype=np.float64) + self.bias
        if len(self.present) == 2:
            attack = expit(logits[:, 0])
            known = np.stack([1 - attack, attack], axis=1)
        else:
            known = softmax(logits, axis=1)
        out = np.zeros((len(logits), self.columns))
        out[:, self.present] = known
        return out


@dataclass(frozen=True, slots=True)
class Contrast:
    """A head's log-odds of one class against another, each row by its own pair.

    Attributes:
        head: any.
        first: places in `head.present`; shape (n,).
        second: of the class against it; shape (n,).
        usable: whether the pair has log-odds; shape (n,).
    """

    head: LogisticHead
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    usable: NDArray[np.bool_]

    def weights(self, rows: NDArray[np.int64], features: NDArray[np.int64]) -> NDArray[np.float64]:
        """The weight of each feature, shape (k,), in the log-odds of each row, shape (k,)."""
        first, second, head = self.first[rows], self.second[rows], self.head
        if len(head.present) == 2:
            found = (first - second) * head.weights[0, features].astype(np.float64)
        else:
            one, other = head.weights[first, features], head.weights[second, features]
            found = one.astype(np.float64) - other
        return np.asarray(np.where(self.usable[rows], found, 0.0))

    @property
    def bias(self) -> NDArray[np.float64]:
        """Of each row's log-odds; shape (n,)."""
        own = self.head.bias.astype(np.float64)
        if len(self.head.present) == 2:
            found = (self.first - self.second) * own[0]
        else:
            found = own[self.first] - own[self.second]
        return np.asarray(np.where(self.usable, found, 0.0))

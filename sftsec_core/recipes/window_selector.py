"""Which windows of a long text an encoder reads: those that a linear model finds most telling.

An encoder that read all of a script of 100,000 characters would take seconds for it. A small
logistic regression on character n-grams reads all of it in a tenth of a second, and says which
windows speak most for which class. Each class has its turn: text that speaks loudly for "benign"
cannot fill all places, however much of it surrounds an attack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.recipes.config import LinearConfig
from sftsec_core.recipes.logistic import LogisticHead
from sftsec_core.recipes.ngrams import NgramTfidf, SharedBy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sftsec_core.api.domain import Example, TaskSpec

PREFIX = "selector."
_SAMPLE = 10_000  # training texts that it is fitted on
_FEATURES = 2**16
_WEIGHTS = 2**21  # of all classes; bounds the model's file


@dataclass(frozen=True, slots=True, eq=False)
class WindowSelector:
    """A small linear model that says how much each window of a text speaks for each class.

    Attributes:
        ngrams: its features.
        weights: what an n-gram says for each class; shape (classes, d), float32.
        benign: the row of the class that is no attack; -1 where there is none.
    """

    ngrams: NgramTfidf
    weights: NDArray[np.float32]
    benign: int

    @classmethod
    def fit(
        cls, texts: Sequence[str], examples: Sequence[Example], task: TaskSpec, seed: int
    ) -> WindowSelector | None:
        """Fit on training texts, a sample where there are many.

        Args:
            texts: of the examples.
            examples: with two labels or more.
            task: its labels, and which of them is benign.
            seed: of the sample.

        Returns:
            None when no two texts have a character in common.
        """
        chosen = _sample(examples, seed)
        kept, labelled = [texts[i] for i in chosen], [examples[i] for i in chosen]
        shared = SharedBy.of(labelled, LinearConfig().min_incidents)
        most = min(_FEATURES, _WEIGHTS // len(task.labels))
        ngrams = NgramTfidf.fit(kept, most, shared=shared)
        if not len(ngrams.codes):
            return None
        features = ngrams.transform(kept)
        head = LogisticHead.fit(features, labelled, task.labels, LinearConfig(), seed)
        weights, present = head.weights, [task.labels[i] for i in head.present]
        if len(weights) == 1:  # of two classes: half of the log-odds for each
            weights = np.concatenate([-0.5 * weights, 0.5 * weights]).astype(np.float32)
        return cls(ngrams, weights, present.index(task.benign) if task.benign in present else -1)

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> WindowSelector | None:
        """Take back what `tensors` gave; None where there is none among them."""
        own = {
            name.removeprefix(PREFIX): tensor
            for name, tensor in tensors.items()
            if name.startswith(PREFIX)
        }
        if not own:
            return None
        weights = own["weights"].astype(np.float32, copy=False)
        return cls(NgramTfidf.from_tensors(own), weights, int(own["benign"][0]))

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """The model as named arrays for safetensors."""
        own: dict[str, NDArray[np.generic]] = {
            **self.ngrams.tensors(),
            "weights": np.ascontiguousarray(self.weights),
            "benign": np.array([self.benign], dtype=np.int64),
        }
        return {PREFIX + name: tensor for name, tensor in own.items()}

    def evidence(self, windows: Sequence[str]) -> NDArray[np.float32]:
        """What the characters of windows say for each class: the weights times the TF-IDF.

        The rows of the latter have length 1: it is how telling a window is, not how long.

        Returns:
            Shape (len(windows), classes), float32.
        """
        return np.asarray(self.ngrams.transform(windows) @ self.weights.T, dtype=np.float32)

    def odds(self, evidence: NDArray[np.float32]) -> NDArray[np.float32]:
        """The logarithm of the odds that a window is of an attack, up to a constant.

        Returns:
            Shape (windows,), float32; zeros where no class is benign.
        """
        if self.benign < 0:
            return np.zeros(len(evidence), dtype=np.float32)
        others = np.delete(evidence, self.benign, axis=1)
        found: NDArray[np.float32] = np.logaddexp.reduce(others, axis=1)
        return found - evidence[:, self.benign]


def rank(windows: Sequence[str], evidence: NDArray[np.float32]) -> NDArray[np.int64]:
    """Rank the windows of a text, the most telling first.

    In each round every class names the window that speaks most for it of those that are left, and
    these stand in the order of how much they do. A window whose characters another one has as well
    comes after all that are new.

    Args:
        windows: the characters of each; n of them.
        evidence: of `WindowSelector.evidence`.

    Returns:
        Numbers of windows; shape (n,).
    """
    ranked: list[int] = []
    for turn in np.argsort(-evidence, axis=0, kind="stable"):
        classes = np.argsort(-evidence[turn, np.arange(len(turn))], kind="stable")
        ranked += turn[classes].tolist()
    seen: set[str] = set()
    new: list[int] = []
    again: list[int] = []
    for window in dict.fromkeys(ranked):
        (again if windows[window] in seen else new).append(window)
        seen.add(windows[window])
    return np.array(new + again, dtype=np.int64)


def spread(windows: int) -> NDArray[np.int64]:
    """The order in which windows are read where no model ranks them: evenly over the text."""
    step = 0.5 * (np.sqrt(5) - 1)  # each next one falls into the widest gap, about
    return np.argsort((np.arange(windows) * step) % 1, kind="stable").astype(np.int64)


def keep(order: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """The windows that are read of more: the first, the last and the most telling; ascending.

    Args:
        order: the numbers of all windows, the most telling first.
        most: how many are read, at least one.
    """
    ends = [0, len(order) - 1][:most]
    telling = [window for window in order.tolist() if window not in ends]
    return np.array(sorted([*ends, *telling[: most - len(ends)]]), dtype=np.int64)


def _sample(examples: Sequence[Example], seed: int) -> NDArray[np.int64]:
    """Numbers of the examples that are fitted on, with one of each label at least."""
    shuffled = np.random.default_rng(seed).permutation(len(examples))
    chosen = shuffled[:_SAMPLE]
    if len(examples) > _SAMPLE:
        first = {examples[i].label: i for i in shuffled[::-1]}
        chosen = np.unique([*chosen, *first.values()])
    return np.sort(chosen).astype(np.int64)

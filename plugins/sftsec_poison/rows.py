"""The rows that are judged: their texts, labels and the one analyst on whom each rests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api import Batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sftsec_core.api import Example, TaskSpec

SHARED = -1


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """Training rows with a weight, as arrays of one length n.

    Attributes:
        places: where each stands in the examples, shape (n,).
        texts: what is read of each, cut at a bound.
        y: the label's column, shape (n,).
        analyst: the number of the analyst on whom the label rests alone, shape (n,); `SHARED`
            where several agree or nobody is named.
        names: of the analysts.
        labels: of the columns.
        clusters: the number of each row's near-duplicates, or one of its own, shape (n,).
    """

    places: NDArray[np.int64]
    texts: Sequence[str]
    y: NDArray[np.int64]
    analyst: NDArray[np.int64]
    names: Sequence[str]
    labels: Sequence[str]
    clusters: NDArray[np.int64]

    @classmethod
    def of(cls, examples: Sequence[Example], task: TaskSpec, max_chars: int) -> JudgedRows:
        """Take the rows that recipes learn from; what several agree on is nobody's alone."""
        places = [place for place, each in enumerate(examples) if each.weight > 0]
        kept = [examples[place] for place in places]
        counts = Counter(each.analysts[0] for each in kept if len(each.analysts) == 1)
        names = sorted(counts, key=lambda name: (-counts[name], name))
        number = {name: place for place, name in enumerate(names)}
        alone = [number[e.analysts[0]] if len(e.analysts) == 1 else SHARED for e in kept]
        texts = Batch.of_examples(task.inputs, kept).text() if kept else ()
        column = {label: place for place, label in enumerate(task.labels)}
        return cls(
            np.array(places, dtype=np.int64),
            [text[:max_chars] for text in texts],
            np.array([column[each.label] for each in kept], dtype=np.int64),
            np.array(alone, dtype=np.int64),
            names,
            task.labels,
            _clusters(kept),
        )

    def __len__(self) -> int:
        return len(self.texts)


def _clusters(examples: Sequence[Example]) -> NDArray[np.int64]:
    """Near-duplicates under one number; whatever has none gets a negative one of its own."""
    return np.array(
        [each.cluster if each.cluster >= 0 else -1 - n for n, each in enumerate(examples)],
        dtype=np.int64,
    )

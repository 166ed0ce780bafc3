"""What is kept of events: counts and sums of one size, however many they are; no text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


# What is no input is in parentheses: no input has such a name.
SCORE = "(score)"
TEXT = "(text)"
LABEL = "(label)"


@dataclass(frozen=True, slots=True)
class Rows:
    """Events as they are counted, n of them.

    Attributes:
        keys: their templates, shape (n,).
        places: input to the bin of each event, shape (n,); `SCORE` and `LABEL` are the model's.
        points: of their texts, shape (n, POINT).
        labels: the columns that were decided on, shape (n,).
        judged: what verdicts said of the same inputs before, shape (n, k): the share of each label,
            zeros where none judged them.
    """

    keys: NDArray[np.int64]
    places: Mapping[str, NDArray[np.int64]]
    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    judged: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Rows:
        """Some of them, by index or by a mask."""
        return Rows(
            self.keys[rows],
            {name: places[rows] for name, places in self.places.items()},
            self.points[rows],
            self.labels[rows],
            self.judged[rows],
        )

    def distinct(self) -> Rows:
        """The first of each template, in their order."""
        _, first = np.unique(self.keys, return_index=True)
        return self.take(np.sort(first))


@dataclass(frozen=True, slots=True)
class Sketch:
    """The counts of a window; all but those of labels are of one event of each template.

    Attributes:
        events: all events.
        distinct: those of different templates.
        counts: input to its bins' counts.
        point: sum of the texts' points, shape (POINT,).
        labels: how often each column was decided on, over all events, shape (k,).
        judged: of the events whose inputs were judged before, by verdict and by decided column,
            shape (k, k).
        keys: the templates, while the window is open.
    """

    events: int
    distinct: int
    counts: Mapping[str, NDArray[np.int64]]
    point: NDArray[np.float64]
    labels: NDArray[np.int64]
    judged: NDArray[np.float64]
    keys: tuple[int, ...] = field(default=())

    @classmethod
    def of(cls, rows: Rows, bins: Mapping[str, int]) -> Self:
        """Count rows.

        Args:
            rows: what to count.
            bins: how many bins each input has; of `LABEL`, how many columns there are.
        """
        once = rows.distinct()
        return cls(
            len(rows),
            len(once),
            {
                name: np.bincount(once.places[name], minlength=size).astype(np.int64)
                for name, size in bins.items()
            },
            once.points.sum(axis=0, dtype=np.float64),
            np.bincount(rows.labels, minlength=bins[LABEL]).astype(np.int64),
            _judged(rows, bins[LABEL]),
            tuple(once.keys.tolist()),
        )

    def plus(self, rows: Rows) -> Sketch:
        """The sketch with more events of the same window."""
        bins = {name: len(counts) for name, counts in self.counts.items()}
        new = Sketch.of(rows.take(~np.isin(rows.keys, np.array(self.keys, dtype=np.int64))), bins)
        return Sketch(
            self.events + len(rows),
            self.distinct + new.distinct,
            {name: counts + new.counts[name] for name, counts in self.counts.items()},
            self.point + new.point,
            self.labels + np.bincount(rows.labels, minlength=bins[LABEL]),
            self.judged + _judged(rows, bins[LABEL]),
            self.keys + new.keys,
        )

    def to_json(self, *, is_open: bool = False) -> dict[str, Any]:
        """As JSON values; the templates only while the window is open."""
        return {
            "events": self.events,
            "distinct": self.distinct,
            "counts": {name: counts.tolist() for name, counts in self.counts.items()},
            "point": self.point.tolist(),
            "labels": self.labels.tolist(),
            "judged": self.judged.tolist(),
            "keys": list(self.keys) if is_open else [],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave.

        Raises:
            KeyError, ValueError: when it is something else.
        """
        return cls(
            int(body["events"]),
            int(body["distinct"]),
            {name: np.array(counts, dtype=np.int64) for name, counts in body["counts"].items()},
            np.array(body["point"], dtype=np.float64),
            np.array(body["labels"], dtype=np.int64),
            np.array(body["judged"], dtype=np.float64),
            tuple(body["keys"]),
        )


def _judged(rows: Rows, columns: int) -> NDArray[np.float64]:
    decided = np.eye(columns)[rows.labels]
    return np.asarray(rows.judged.T @ decided, dtype=np.float64)

"""How often a model decides rightly, as its test part tells it, and how that changes with its age.

The test part is cut into blocks of consecutive events. A rate of the confusion matrix is a straight
line through its blocks, carried on to the age of what is estimated: models lose quality with time
(Vela et al., 2022), so that the mean of the test part is an age too young. The slope is drawn to 0
as a normal prior on the logit's slope would (ridge; Hoerl and Kennard, 1970), and is 0 where a
label comes in few blocks: a campaign is no trend. How much blocks differ beyond chance is how much
the next period may differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCKS = 20
# The standard deviation of the prior: how far a rate's logit moves in a test part's span of time.
_PRIOR_SLOPE = 0.7
_PRESENT = 0.75  # of the blocks, at least, hold a label whose trend is believed
_MOST_AGE = 2.0  # no trend is carried further than the test part is long
_LEAST_EFFECTIVE = 0.5  # events; a Dirichlet distribution of fewer is a coin


@dataclass(frozen=True, slots=True)
class Rates:
    """The rows of a confusion matrix, each adding up to 1, and how well they are known.

    Attributes:
        rows: by true and by decided label, shape (k, k).
        effective: independent events that would tell each row as well, shape (k,).
        copies: events of one text that come together, of each label, shape (k,).
    """

    rows: NDArray[np.float64]
    effective: NDArray[np.float64]
    copies: NDArray[np.float64]

    def draw(self, events: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
        """Rows as they may turn out, shape (k, k).

        Args:
            events: how many come of each label, shape (k,).
            random: draws.
        """
        sizes = np.maximum(np.rint(events / self.copies), 1).astype(np.int64)
        drawn = []
        for row, known, size in zip(self.rows, self.effective, sizes, strict=True):
            rates = random.dirichlet(np.maximum(row * known, 1e-2))
            drawn.append(random.multinomial(size, rates) / size)
        return np.stack(drawn)


@dataclass(frozen=True, slots=True)
class ScoredBlocks:
    """The test part in blocks of consecutive events.

    Attributes:
        counts: events by block, true and decided label, shape (b, k, k).
        ages: of the blocks, 0 to 1 of the test part's span of time, shape (b,).
        distinct: events of different templates of each true label, shape (k,).
        span: of the test part's times (UTC); None where an event has none, or all are one.
    """

    counts: NDArray[np.int64]
    ages: NDArray[np.float64]
    distinct: NDArray[np.int64]
    span: tuple[datetime, datetime] | None

    @classmethod
    def of(
        cls,
        y: NDArray[np.int64],
        decided: NDArray[np.int64],
        keys: NDArray[np.int64],
        at: Sequence[datetime | None],
        columns: int,
    ) -> Self:
        """Count n events, in the order of their times.

        Args:
            y: the true columns, shape (n,).
            decided: the columns that were decided on, shape (n,).
            keys: the templates, shape (n,).
            at: the times, None where an event has none; empty where none are known.
            columns: how many labels there are.
        """
        blocks = max(min(BLOCKS, len(y)), 1)
        place = np.arange(len(y)) * blocks // max(len(y), 1)
        counts = np.zeros((blocks, columns, columns), dtype=np.int64)
        np.add.at(counts, (place, y, decided), 1)
        distinct = [len(np.unique(keys[y == column])) for column in range(columns)]
        times = [each.timestamp() for each in at if each is not None]
        ages, span = (np.arange(blocks) + 0.5) / blocks, None
        if times and len(times) == len(y) and times[-1] > times[0]:
            spread = (np.array(times) - times[0]) / (times[-1] - times[0])
            ages = np.array([spread[place == block].mean() for block in range(blocks)])
            span = (at[0], at[-1])
        return cls(counts, ages, np.array(distinct, dtype=np.int64), span)  # type: ignore[arg-type]

    @classmethod
    def of_new(
        cls,
        y: NDArray[np.int64],
        decided: NDArray[np.int64],
        keys: NDArray[np.int64],
        at: Sequence[datetime | None],
        new: NDArray[np.bool_],
        columns: int,
    ) -> Self:
        """Count those of n events whose inputs were new: the others' labels need no estimate.

        Where a label has no new event all are counted: old ones tell more than none.

        Args:
            y: the true columns, shape (n,).
            decided: the columns that were decided on, shape (n,).
            keys: the templates, shape (n,).
            at: the times, None where an event has none; empty where none are known.
            new: which were new, shape (n,).
            columns: how many labels there are.
        """
        if not np.bincount(y[new], minlength=columns).all():
            return cls.of(y, decided, keys, at, columns)
        times = [when for when, each in zip(at, new, strict=True) if each] if at else ()
        return cls.of(y[new], decided[new], keys[new], times, columns)

    @property
    def confusion(self) -> NDArray[np.int64]:
        """All blocks together, by true and by decided label, shape (k, k)."""
        return np.asarray(self.counts.sum(axis=0))

    def age(self, at: datetime) -> float:
        """Where a time lies: 1 is the end of the test part, 2 as long again after it."""
        if self.span is None:
            return 1.0
        first, last = self.span
        return max((at - first) / (last - first), 1.0)

    def rates(self, age: float) -> Rates | None:
        """The rows of the confusion matrix at an age; None where a label has no event."""
        if (self.confusion.sum(axis=1) == 0).any():
            return None
        rows = [self._row(label, age) for label in range(self.counts.shape[1])]
        held = self.confusion.sum(axis=1)
        return Rates(
            np.stack([row for row, _ in rows]),
            np.array([count for _, count in rows]),
            np.maximum(held / np.maximum(self.distinct, 1), 1.0),
        )

    def _row(self, label: int, age: float) -> tuple[NDArray[np.float64], float]:
        """A row, and how many independent events would tell it as well."""
        counts = self.counts[:, label]
        sizes = counts.sum(axis=1)
        held = sizes > 0
        counts, sizes, ages = counts[held], sizes[held], self.ages[held]
        total, blocks = int(sizes.sum()), len(sizes)
        copies = max(total / max(int(self.distinct[label]), 1), 1.0)
        mean = (counts.sum(axis=0) + 0.5) / (total + 0.5 * counts.shape[1])
        variance = float((mean * (1 - mean)).sum())
        middle = float((sizes * ages).sum() / total)
        spread = float((sizes * (ages - middle) ** 2).sum())
        trend = _Trend.of(counts, ages, variance)
        if self.span is None or blocks < _PRESENT * len(self.counts) or not spread:
            trend = _Trend.none(counts, variance)
        # Of two ends only half of the sum is free.
        prior = _PRIOR_SLOPE**2 * variance / 2
        noise = max(trend.dispersion, copies) / spread if spread else 0.0
        kept = prior / (prior + noise) if trend.found else 0.0
        row = mean + kept * trend.slope * (min(age, _MOST_AGE) - middle)
        row = np.maximum(row, 1e-4)
        row /= row.sum()
        # Of the mean, of the slope, and of the period's own rate.
        error = max(trend.dispersion, copies) / total + kept * noise * (age - middle) ** 2
        error += (trend.dispersion - 1) * blocks / total
        return row, max(1 / error - 1, _LEAST_EFFECTIVE)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "counts": self.counts.tolist(),
            "ages": self.ages.tolist(),
            "distinct": self.distinct.tolist(),
            "span": [each.isoformat() for each in self.span] if self.span else None,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave.

        Raises:
            KeyError, TypeError, ValueError: when it is something else.
        """
        span = body["span"]
        counts = np.array(body["counts"], dtype=np.int64)
        if counts.ndim != 3:
            raise ValueError("its blocks are no confusion matrices")
        return cls(
            counts,
            np.array(body["ages"], dtype=np.float64),
            np.array(body["distinct"], dtype=np.int64),
            None if span is None else (at_time(span[0]), at_time(span[1])),
        )


def at_time(text: str) -> datetime:
    """Read a time with its zone.

    Raises:
        ValueError: when it is something else.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found


@dataclass(frozen=True, slots=True)
class _Trend:
    """A row's change by age, and how much blocks differ from it, as a multiple of chance."""

    slope: NDArray[np.float64]
    dispersion: float
    found: bool

    @classmethod
    def of(cls, counts: NDArray[np.int64], ages: NDArray[np.float64], variance: float) -> _Trend:
        sizes = counts.sum(axis=1)
        middle = (sizes * ages).sum() / sizes.sum()
        spread = (sizes * (ages - middle) ** 2).sum()
        mean = counts.sum(axis=0) / sizes.sum()
        moved = ((ages - middle)[:, None] * (counts - sizes[:, None] * mean)).sum(axis=0)
        slope = moved / spread if spread else np.zeros_like(mean)
        fitted = mean + slope * (ages - middle)[:, None]
        return cls(slope, _dispersion(counts, fitted, variance, len(counts) - 2), found=True)

    @classmethod
    def none(cls, counts: NDArray[np.int64], variance: float) -> _Trend:
        mean = counts.sum(axis=0) / counts.sum()
        dispersion = _dispersion(counts, mean, variance, len(counts) - 1)
        return cls(np.zeros_like(mean), dispersion, found=False)


def _dispersion(
    counts: NDArray[np.int64], fitted: NDArray[np.float64], variance: float, free: int
) -> float:
    sizes = counts.sum(axis=1)[:, None]
    square = float((sizes * (counts / sizes - fitted) ** 2).sum())
    return max(square / variance / max(free, 1), 1.0)
